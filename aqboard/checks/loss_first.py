"""Does the launch start from the baseline's validation loss?

This is the sum of everything above: the story's run started from 0.964 instead of 0.356. Random initialisation and
persistence (tomorrow is like today) are measured on the same batches, so that the figure has a scale. How far it may
lie above the baseline is the plan's tolerance, or follows from repeated measurements of the baseline.
"""

from math import isfinite

from aqboard.checks.check import Check
from aqboard.checks.interval import interval
from aqboard.checks.words import MEASURE_AGAIN, loss, too_few
from aqboard.domain.baseline import Band, band
from aqboard.domain.evidence.loss import LossEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, skipped
from aqboard.domain.plan import LaunchPlan

AS_BAD_AS_RANDOM = 0.8
"""Above this share of the random-init loss, the weights may as well not have been loaded."""


def judge(plan: LaunchPlan, measured: LossEvidence) -> Judgement:
    """PASS when the loss, as planned, lies within the band; SKIP when too few measurements say how wide that is."""
    first, allowed = measured.planned.mean, band(plan.baseline)
    if allowed is None:
        return skipped(f"{loss(first)}, but {too_few(plan.baseline)}", remedy=MEASURE_AGAIN).model_copy(
            update={"measurements": tuple(_figures(None, measured))}
        )
    figures = tuple(_figures(allowed, measured))
    if not isfinite(first):
        return failed(
            "The first validation loss is not a number.",
            *figures,
            remedy="Look for NaN in the weights and the data; the forward pass says whether its output is finite.",
        )
    if first <= allowed.limit:
        return passed(
            f"{loss(first)}, the baseline is {loss(allowed.baseline)} (limit {loss(allowed.limit)}), "
            f"{sum(measured.planned.samples)} samples.",
            *figures,
        )
    return failed(
        f"{loss(first)} instead of {loss(allowed.baseline)}: {first / allowed.baseline:.1f} times the baseline. "
        f"{_cause(measured, allowed.limit)}".rstrip()
        + _doubt(allowed, measured),
        *figures,
        remedy="Mend the failed checks above first; each line of the table on the losses page changes one thing.",
    )


def _doubt(allowed: Band, measured: LossEvidence) -> str:
    """A sentence when other batches of the same kind might not have failed."""
    around = interval(measured.planned)
    if around is None or around.low > allowed.limit:
        return ""
    return (
        f" The batches differ so much that the limit lies within their 95 % interval ({loss(around.low)} to "
        f"{loss(around.high)}): use more of them (data.validation_batches) to be sure."
    )


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


def _figures(allowed: Band | None, measured: LossEvidence) -> list[Measurement]:
    unit, planned = "masked MSE, normalised", measured.planned
    limit = f"<= {loss(allowed.limit)}" if allowed else "no limit: too few measurements"
    rows = [
        ("first val_loss, as planned", planned, limit),
        ("with the keys mapped", measured.mended, ""),
        ("keys mapped, scan as trained", measured.as_trained, ""),
        ("random initialisation", measured.random_init, ""),
        ("persistence", measured.persistence, ""),
    ]
    figures = []
    if allowed:
        figures.append(Measurement(name="baseline val_loss", value=round(allowed.baseline, 6), unit=unit))
        figures.append(Measurement(name="limit", value=round(allowed.limit, 6), unit=unit, limit=allowed.how))
    figures += [
        Measurement(name=name, value=round(row.mean, 6), unit=unit, limit=limit)
        for name, row, limit in rows
        if row is not None
    ]
    if around := interval(planned):
        value = f"{loss(around.low)} to {loss(around.high)}"
        figures.append(Measurement(name="95 % interval over batches", value=value, unit=unit))
    return [*figures, Measurement(name="validation samples", value=sum(planned.samples))]


CHECK = Check("loss.first", "First loss against the baseline", Stage.LOSS, Severity.BLOCKS, (LossEvidence,), judge)
