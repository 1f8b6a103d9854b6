"""Is the order applied the order asked for, whatever way the wind blows?

Upstream code prints an exception inside the reordering and goes on in row-major order. A model in that state still
forecasts, only worse. Every direction is held, patch by patch, against an independent calculation from the cache.
"""

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.checks.words import some
from aqboard.domain.evidence.scan import ScanEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, scan: ScanEvidence) -> Judgement:
    """PASS when every direction gives a permutation and exactly the order asked for."""
    if not scan.directions:
        return broke("No wind direction was tried.", remedy="Run the checks again; look at the scan probe's log.")
    tried = len(scan.directions)
    broken = [d.label for d in scan.directions if not d.permutation]
    wrong = [d.label for d in scan.directions if d.permutation and not d.as_asked]
    moved = max(d.moved for d in scan.directions)
    figures = (
        Measurement(name="directions", value=tried),
        Measurement(name="tokens", value=scan.tokens),
        Measurement(name="largest share of tokens moved", value=round(moved, 4)),
    )
    if broken:
        return failed(
            f"{len(broken)} of {tried} directions lose or repeat patches: {some(broken)}.",
            *figures,
            remedy="The order is not a permutation: rebuild the cache for this grid, and check the regions setting.",
        )
    if wrong:
        return failed(
            f"{len(wrong)} of {tried} directions are not ordered as {plan.wind_scan.rule} asks: {some(wrong)}.",
            *figures,
            remedy="See which rule is in force, and whether the model reads the plan's cache.",
        )
    if plan.wind_scan.rule != "none" and moved == 0:
        return failed(
            f"All {tried} directions leave the tokens in row-major order: the scan does nothing.",
            *figures,
            remedy="Look for an exception handler or a grid test in the reordering that returns its input unchanged.",
        )
    return passed(f"{tried} of {tried} directions ordered exactly as asked, {scan.tokens} tokens each.", *figures)


CHECK = Check(
    "scan.order",
    "Order applied = order asked for",
    Stage.SCAN,
    Severity.BLOCKS,
    (ScanEvidence,),
    judge,
    where_wind_orders_tokens,
)
