"""The measured losses of an attempt, held against the baseline."""

from dataclasses import dataclass
from statistics import stdev

from aqboard.checks.band import Interval, interval
from aqboard.checks.loss_first import upper_limit
from aqboard.domain.evidence import LossEvidence, LossMeasurement
from aqboard.domain.plan import BaselinePlan

UNIT = "masked MSE, normalised units"


@dataclass(frozen=True)
class LossRow:
    """One setting. `mean` and `spread` (standard deviation over batches) are masked MSE in normalised units."""

    label: str
    mean: float
    spread: float | None
    """None with a single batch, which has no spread."""
    interval: Interval | None
    """95 % confidence interval of the mean over batches."""
    ratio: float
    """Mean divided by the baseline's val_loss."""
    within: bool
    """Not above the baseline's limit."""
    per_batch: tuple[float, ...]
    note: str


def first_losses(evidence: LossEvidence, baseline: BaselinePlan) -> tuple[LossRow, ...]:
    """The launch as planned, then what it would be with one thing mended after the other, then the two for scale."""
    rows = (
        ("as planned", evidence.planned),
        ("keys mapped", evidence.mended),
        ("as trained", evidence.as_trained),
        ("random init", evidence.random_init),
        ("persistence", evidence.persistence),
    )
    return tuple(_row(label, measured, baseline) for label, measured in rows if measured is not None)


def candidate_losses(evidence: LossEvidence, baseline: BaselinePlan) -> tuple[LossRow, ...]:
    """One row per candidate cache, the plan's cache first."""
    return tuple(_row(measured.setting, measured, baseline) for measured in evidence.candidates)


def _row(label: str, measured: LossMeasurement, baseline: BaselinePlan) -> LossRow:
    mean = measured.mean
    return LossRow(
        label=label,
        mean=mean,
        spread=stdev(measured.per_batch) if len(measured.per_batch) > 1 else None,
        interval=interval(measured),
        ratio=mean / baseline.val_loss,
        within=mean <= upper_limit(baseline),
        per_batch=measured.per_batch,
        note="for scale only" if measured.scale_only else "",
    )
