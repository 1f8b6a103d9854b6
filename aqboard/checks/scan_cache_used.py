"""Does the model read the cache it is given?

Where a later method definition wins, the cache is loaded and never read: then all talk of MD5s is beside the point.
The cache is replaced in memory by one with other orders; the order applied must change with it, or must not when the
rule computes exact angles.
"""

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.domain.evidence.scan import ScanEvidence
from aqboard.domain.finding import Judgement, Severity, Stage, failed, passed
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, scan: ScanEvidence) -> Judgement:
    """PASS when a changed cache changes the order exactly when the plan's rule reads one."""
    reads = plan.wind_scan.rule.endswith("-sector")
    if reads and not scan.cache_is_used:
        return failed(
            f"Another cache in memory changes nothing: {plan.wind_scan.rule} is asked for, but the cache is not read.",
            remedy="Look for a second definition of the reordering method, or a scanner that builds its own orders.",
        )
    if not reads and scan.cache_is_used:
        return failed(
            f"{plan.wind_scan.rule} reads no cache, yet another cache in memory changes the order applied.",
            remedy="The rule in force is not the plan's; see which one is.",
        )
    if reads:
        return passed("Another cache in memory changes the order applied: the cache is read.")
    return passed(f"{plan.wind_scan.rule} reads no cache, and another cache in memory changes nothing.")


CHECK = Check(
    "scan.cache_used", "Cache is used", Stage.SCAN, Severity.BLOCKS, (ScanEvidence,), judge, where_wind_orders_tokens
)
