"""Does the launch start from the baseline's validation loss?

This is the sum of everything above: the story's run started from 0.964 instead of 0.356. Random initialisation and
persistence (tomorrow is like today) are measured on the same batches, so that the figure has a scale.
"""

from math import isfinite

from aqboard.checks.check import Check
from aqboard.checks.words import loss
from aqboard.domain.evidence import LossEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed
from aqboard.domain.plan import BaselinePlan, LaunchPlan

AS_BAD_AS_RANDOM = 0.8
"""Above this share of the random-init loss, the weights may as well not have been loaded."""


def judge(plan: LaunchPlan, measured: LossEvidence) -> Judgement:
    """PASS when the loss, as planned, lies within the baseline's tolerance."""
    first, limit = measured.planned.mean, upper_limit(plan.baseline)
    figures = tuple(_figures(plan.baseline, measured))
    ratio = first / plan.baseline.val_loss
    if not isfinite(first):
        return failed(
            "The first validation loss is not a number.",
            *figures,
            remedy="Look for NaN in the weights and the data; the forward pass says whether its output is finite.",
        )
    if first <= limit:
        return passed(
            f"{loss(first)}, the baseline is {loss(plan.baseline.val_loss)} (limit {loss(limit)}), "
            f"{sum(measured.planned.samples)} samples.",
            *figures,
        )
    return failed(
        f"{loss(first)} instead of {loss(plan.baseline.val_loss)}: {ratio:.1f} times the baseline. "
        f"{_cause(measured, limit)}".rstrip(),
        *figures,
        remedy="Mend the failed checks above first; each line of the table on the losses page changes one thing.",
    )


def upper_limit(baseline: BaselinePlan) -> float:
    """The largest first loss that still counts as the baseline's: val_loss * (1 + tolerance)."""
    return baseline.val_loss * (1 + baseline.tolerance)


def _cause(measured: LossEvidence, limit: float) -> str:
    """What the side measurements say, in one sentence; nothing where they say nothing."""
    first, random = measured.planned.mean, measured.random_init.mean
    lines = []
    if first > AS_BAD_AS_RANDOM * random:
        lines.append(f"Random weights give as much ({loss(random)}).")
    if measured.mended:
        lines.append(f"With the checkpoint's keys mapped: {loss(measured.mended.mean)}.")
    if measured.as_trained:
        within = "within the limit" if measured.as_trained.mean <= limit else "still above the limit"
        lines.append(f"With the scan set as in the training, too: {loss(measured.as_trained.mean)}, {within}.")
    return " ".join(lines)


def _figures(baseline: BaselinePlan, measured: LossEvidence) -> list[Measurement]:
    rows = [
        ("first val_loss, as planned", measured.planned, f"<= {loss(upper_limit(baseline))}"),
        ("with the keys mapped", measured.mended, ""),
        ("keys mapped, scan as trained", measured.as_trained, ""),
        ("random initialisation", measured.random_init, ""),
        ("persistence", measured.persistence, ""),
    ]
    figures = [Measurement(name="baseline val_loss", value=baseline.val_loss, unit="masked MSE, normalised")]
    figures += [
        Measurement(name=name, value=round(row.mean, 6), unit="masked MSE, normalised", limit=limit)
        for name, row, limit in rows
        if row is not None
    ]
    return [*figures, Measurement(name="validation samples", value=sum(measured.planned.samples))]


CHECK = Check("loss.first", "First loss against the baseline", Stage.LOSS, Severity.BLOCKS, (LossEvidence,), judge)
