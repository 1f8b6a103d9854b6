"""Is the forecast finite, the same when made again, and the same whoever else is in the batch?

Dropout left on, or a normalisation over the batch, makes every validation loss a lottery: no figure here could be
compared with the baseline's.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.forward import RepeatEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed, warned
from aqboard.domain.plan import LaunchPlan

TOLERANCE = 1e-4
"""Share of the forecast's standard deviation: another batch size takes other kernels, which sum in another order."""

UNIT = "of the forecast's standard deviation"


def judge(plan: LaunchPlan, seen: RepeatEvidence) -> Judgement:
    """PASS when finite, equal bit by bit when repeated, and alone within `TOLERANCE` of in its batch."""
    if not seen.values:
        return broke("The forecast is empty; nothing was compared.", remedy="Look at the forward pass first.")
    figures = [
        Measurement(name="values not finite", value=seen.not_finite, limit="= 0"),
        Measurement(name="values that differ when repeated", value=seen.repeat_differs, limit="= 0"),
        Measurement(name="largest difference when repeated", value=seen.repeat_largest, unit=UNIT),
    ]
    if seen.alone_largest is not None:
        limit = f"<= {TOLERANCE:g}"
        figures.append(Measurement(name="alone or in a batch", value=seen.alone_largest, unit=UNIT, limit=limit))
    if seen.not_finite:
        return failed(
            f"{seen.not_finite} of {seen.values} values of the forecast are NaN or infinite.",
            *figures,
            remedy="Look for NaN in the weights and in the input data.",
        )
    if seen.repeat_differs:
        return failed(
            f"The same batch gives another forecast the second time: {seen.repeat_differs} of {seen.values} values "
            f"differ, by up to {seen.repeat_largest:.2g} {UNIT}.",
            *figures,
            remedy="Look for dropout or noise that ignores evaluation mode, and for state that a forward pass changes.",
        )
    if seen.alone_largest is not None and not seen.alone_largest <= TOLERANCE:
        return failed(
            f"A sample's forecast depends on the others in its batch of {seen.batch_size}: alone it differs by up to "
            f"{seen.alone_largest:.2g} {UNIT}.",
            *figures,
            remedy="Look for statistics over the batch, and for a squeeze or broadcast over the batch dimension.",
        )
    if seen.training_mode:
        return warned(
            f"The target's `build` leaves {len(seen.training_mode)} modules in training mode: "
            f"{some(seen.training_mode)}.",
            *figures,
            remedy="End `build` with `.eval()`, so that every measurement is made in evaluation mode.",
        )
    if seen.alone_largest is None:
        return warned(
            "Equal bit by bit when repeated; whether the others in a batch matter could not be seen.",
            *figures,
            remedy="Give the checks a batch of two samples, and let the target name its `inputs`.",
        )
    return passed(
        f"{seen.values} values, finite, equal bit by bit when repeated; alone within {seen.alone_largest:.1g} {UNIT}.",
        *figures,
    )


CHECK = Check("forward.deterministic", "Same forecast again", Stage.FORWARD, Severity.BLOCKS, (RepeatEvidence,), judge)
