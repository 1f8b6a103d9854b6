"""Does a full forward pass work, with every shape as it should be?

The story's forward pass died with "too many values to unpack" in the attention, six modules after the input that was
at fault. The trace names the first module whose output has another rank than in a passing run, and the input behind it.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import shape
from aqboard.domain.evidence.forward import ForwardEvidence, InputFault
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, forward: ForwardEvidence) -> Judgement:
    """PASS when the pass completes with a finite output."""
    figures = (
        Measurement(name="modules traced", value=len(forward.trace)),
        Measurement(name="time", value=round(forward.seconds, 2), unit="s"),
    )
    if forward.error:
        return failed(_where(forward), *figures, remedy=_remedy(forward.fault))
    if not forward.output_finite:
        return failed(
            f"The output {shape(forward.output)} holds NaN or infinite values.",
            *figures,
            remedy="Look for NaN in the input data and the weights (checkpoint health) before anything else.",
        )
    return passed(f"Output {shape(forward.output)}, finite, through {len(forward.trace)} modules.", *figures)


def _where(forward: ForwardEvidence) -> str:
    fault = forward.fault
    if fault is None:
        last = forward.trace[-1].name if forward.trace else "the input"
        return f"The forward pass fails after {last}: {forward.error}"
    if fault.module:
        place = f"{fault.module} is the first to go wrong: {shape(fault.got)} instead of {shape(fault.expected)}"
    else:
        place = "the model refuses its input before the first module"
    cause = f"{fault.input} is {shape(fault.input_got)}, the model wants {shape(fault.input_expected)}"
    return f"The forward pass fails: {cause}; {place}. ({forward.error})"


def _remedy(fault: InputFault | None) -> str:
    if fault is None:
        return "Read the shape trace on the attempt's page; the input at fault could not be named."
    return (
        f"Pass {fault.input} with shape {shape(fault.input_expected)}; with that the same pass succeeds. "
        "In the plan: forward.lead_times_shape."
    )


CHECK = Check("forward.shapes", "Full forward pass", Stage.FORWARD, Severity.BLOCKS, (ForwardEvidence,), judge)
