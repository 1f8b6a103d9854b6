"""Is the plan's cache valid for the model's grid?

A cache made for another grid, or one whose orders are not permutations, moves patches to places they do not belong.
"""

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.domain.evidence.scan import CacheEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, cache: CacheEvidence) -> Judgement:
    """PASS when the grid agrees and every global and regional order is a permutation."""
    planned = cache.planned
    grid = (planned.grid_h, planned.grid_w)
    tables = Measurement(name="orders", value=planned.num_sectors * (1 + planned.regions_h * planned.regions_w))
    if grid != cache.grid:
        return failed(
            f"The cache is for {grid[0]} x {grid[1]} patches, the model has {cache.grid[0]} x {cache.grid[1]}.",
            remedy="Point scan.cache at a cache of the model's grid, or build one.",
        )
    if planned.faults:
        first = planned.faults[0]
        return failed(
            f"{sum(f.tables for f in planned.faults)} orders are not permutations; "
            f"the first is {first.scope}, sector {first.sector}: {first.detail}.",
            tables,
            remedy="Rebuild the cache; find out what wrote this one.",
        )
    source = "as the generator builds it" if planned.equals_generator else planned.generator_note
    return passed(
        f"Grid {grid[0]} x {grid[1]}, {planned.num_sectors} sectors, every order a permutation; {source}.", tables
    )


CHECK = Check(
    "cache.valid",
    "Cache valid for this grid",
    Stage.CACHE,
    Severity.BLOCKS,
    (CacheEvidence,),
    judge,
    where_wind_orders_tokens,
)
