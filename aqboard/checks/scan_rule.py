"""Which scan rule is in force?

A checkpoint was trained with one rule. The code may follow another one than the configuration says, for instance
because a method is defined twice. So the rule is told from what the model does with real wind, not from what it says.
"""

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.domain.evidence.scan import ScanEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, warned
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, scan: ScanEvidence) -> Judgement:
    """PASS when the plan's rule, and no other, explains the orders seen."""
    asked = plan.wind_scan.rule
    fields = Measurement(name="real wind fields", value=scan.samples)
    if not scan.rules_in_force:
        return failed(
            f"The model follows none of the known scan rules; the plan asks for {asked}.",
            fields,
            remedy="Look at the model's reordering code: an exception handler that falls back to another order?",
        )
    seen = " or ".join(scan.rules_in_force)
    if asked not in scan.rules_in_force:
        return failed(
            f"The model orders its tokens by {seen}; the plan asks for {asked}.",
            fields,
            remedy=f"Set the scan rule where the model is built to {asked}, or correct the plan.",
        )
    if len(scan.rules_in_force) > 1:
        return warned(
            f"The winds seen do not tell {seen} apart.",
            fields,
            remedy="Use validation data with more varied wind, so that the rule can be told from its orders.",
        )
    return passed(f"{asked}, told from the orders under {scan.samples} real wind fields.", fields)


CHECK = Check(
    "scan.rule", "Scan rule in force", Stage.SCAN, Severity.BLOCKS, (ScanEvidence,), judge, where_wind_orders_tokens
)
