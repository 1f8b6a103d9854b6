"""Does another candidate cache give a clearly better first loss than the plan's?

A loss proves no cache: measured, a wrong cache can be harmless, and row-major order can look better than the truth.
But a candidate that is clearly better than the plan's is a reason to look.
"""

from statistics import stdev

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.checks.words import loss
from aqboard.domain.evidence.loss import LossEvidence, LossMeasurement
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, passed, skipped, warned
from aqboard.domain.plan import LaunchPlan

CLEARLY = 0.05
"""Relative differences below this are noise with 8 to 12 validation samples (measured on the demo model)."""


def judge(plan: LaunchPlan, measured: LossEvidence) -> Judgement:
    """WARN when a candidate is better than the plan's cache by more than noise; the reference is the first row."""
    reference, *others = [row for row in measured.candidates if not row.scale_only] or [measured.planned]
    if not others:
        return skipped("There is no other candidate cache to compare the loss with.")
    figures = tuple(_figure(row) for row in measured.candidates)
    best = min(others, key=lambda row: row.mean)
    if best.mean < reference.mean * (1 - CLEARLY):
        return warned(
            f"{best.setting} gives {loss(best.mean)}, the plan's cache {loss(reference.mean)}.",
            *figures,
            remedy="Find out which cache the checkpoint was trained with; a lower loss is a hint, not a proof.",
        )
    return passed(
        f"No candidate is clearly better than the plan's cache ({loss(reference.mean)}); a loss proves no cache.",
        *figures,
    )


def _figure(row: LossMeasurement) -> Measurement:
    spread = stdev(row.per_batch) if len(row.per_batch) > 1 else 0.0
    return Measurement(
        name=row.setting,
        value=round(row.mean, 6),
        unit="masked MSE, normalised",
        limit=f"spread {spread:.4f} over batches",
    )


CHECK = Check(
    "loss.candidates",
    "Loss per candidate cache",
    Stage.LOSS,
    Severity.INFORMS,
    (LossEvidence,),
    judge,
    where_wind_orders_tokens,
)
