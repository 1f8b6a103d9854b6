"""Does the scan refuse wind it cannot use, instead of falling back silently?

One NaN pixel in the wind silently means "angle 0" in upstream code, and the region is ordered as if the wind blew east.
Calm air is legitimate and must still give an order.
"""

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.domain.evidence.scan import ScanEvidence
from aqboard.domain.finding import Judgement, Severity, Stage, failed, passed
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, scan: ScanEvidence) -> Judgement:
    """PASS when a NaN pixel raises an error and calm air gives an order; `none` reads no wind at all."""
    if scan.calm != "order":
        return failed(
            f"Calm air stops the model: {scan.calm}",
            remedy="Let calm regions keep angle 0 (the order of an east wind).",
        )
    if scan.not_finite == "accepted" and plan.wind_scan.rule != "none":
        return failed(
            "A NaN wind pixel is accepted without a word; its region is ordered as if the wind blew east.",
            remedy="Refuse wind that is not finite where the order is made, naming the sample and the pixel count.",
        )
    if scan.not_finite == "accepted":
        return passed("Row-major order reads no wind; calm air gives an order.")
    return passed(f"Calm air gives an order; a NaN pixel is refused: “{scan.not_finite}”")


CHECK = Check(
    "scan.refusal", "No silent fallback", Stage.SCAN, Severity.WARNS, (ScanEvidence,), judge, where_wind_orders_tokens
)
