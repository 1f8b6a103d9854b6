"""Does one training step work, from where the baseline left off?

In the story the first training loss was 3.85 instead of about 0.7. A parameter that is frozen by mistake, or that no
optimizer holds, never learns and nobody is told; a gradient that is not finite ends the run at its first step.
"""

from fnmatch import fnmatchcase
from math import isfinite

from aqboard.checks.check import Check
from aqboard.checks.words import loss, some
from aqboard.domain.evidence.training import StepEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed, warned
from aqboard.domain.plan import LaunchPlan

NEAR = 2.0
"""Times the baseline's loss: one batch scatters, and dropout adds about a third (measured on the demo model)."""


def judge(plan: LaunchPlan, step: StepEvidence) -> Judgement:
    """PASS when loss and gradients are finite, every parameter that should train can, and the loss is near."""
    if not step.parameters:
        return broke("The module has no parameters; nothing was trained.", remedy="Is it the module of the training?")
    figures = tuple(_figures(plan, step))
    fault = _step_fault(step) or _parameter_fault(plan, step)
    if fault:
        return failed(fault[0], *figures, remedy=fault[1])
    near, first = limit(plan, step), step.loss
    if first is None or not first <= near:
        return failed(
            f"The first training loss is {loss(first or 0.0)}, more than {NEAR:g} times the baseline's "
            f"(limit {loss(near)}).",
            *figures,
            remedy="The step works, but not from the baseline's weights and settings: mend the checks above first.",
        )
    if step.zero_gradient:
        return warned(
            f"The gradient of {len(step.zero_gradient)} parameters is zero throughout: {some(step.zero_gradient)}.",
            *figures,
            remedy="A dead branch, or a start at zero that only the next steps leave? Look whether that is meant.",
        )
    if not step.own_step:
        return warned(
            f"Gradients are finite and complete at a loss of {loss(first)}, on {step.source}; the optimizer was not "
            "tried.",
            *figures,
            remedy="Add the ability `Trains` to the target: `train_data`, `optimizers`, `training_loss`.",
        )
    return passed(
        f"Loss {loss(first)} on {step.samples} samples ({step.source}); {step.parameters - len(step.frozen)} of "
        f"{step.parameters} parameters got a finite gradient and were moved.",
        *figures,
    )


def limit(plan: LaunchPlan, step: StepEvidence) -> float:
    """The largest first training loss that is near: `NEAR` times the baseline's, in training or validation."""
    return NEAR * max(plan.baseline.val_loss, step.baseline_train_loss or 0.0)


def _step_fault(step: StepEvidence) -> tuple[str, str] | None:
    """What stops the step itself, and the remedy."""
    if step.failed_at:
        return (
            f"The training step fails in its {step.failed_at} part: {step.error}",
            "Mend what the error names; the training would stop there, too.",
        )
    if step.loss is None or not isfinite(step.loss):
        return "The training loss is not a number.", "Look for NaN in the weights and in the training data."
    if step.not_finite:
        return (
            f"{len(step.not_finite)} gradients hold NaN or infinite values: {some(step.not_finite)}.",
            "Look for a division by zero, a square root at zero or a logarithm on the way back to them.",
        )
    if step.loss_after is not None and not isfinite(step.loss_after):
        return "After one step the loss is not a number.", "Lower the learning rate, or clip the gradients."
    return None


def _parameter_fault(plan: LaunchPlan, step: StepEvidence) -> tuple[str, str] | None:
    """Parameters that do not train though they should, or the reverse."""
    patterns = plan.training.frozen

    def declared(name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in patterns)

    frozen = [name for name in step.frozen if not declared(name)]
    if frozen:
        return (
            f"{len(frozen)} parameters are frozen that should train: {some(frozen)}.",
            "Let them ask for a gradient, or declare them in training.frozen.",
        )
    thawed = {pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in step.frozen)}
    if thawed:
        return (
            f"The plan declares {some(sorted(thawed))} as frozen, and no parameter by that name is.",
            "Freeze them before the optimizer is built, or correct training.frozen.",
        )
    if step.without_gradient:
        return (
            f"{len(step.without_gradient)} parameters get no gradient: {some(step.without_gradient)}.",
            "The loss does not depend on them: is their branch used? With DDP they would stop or hang the run.",
        )
    if step.not_optimised:
        return (
            f"{len(step.not_optimised)} parameters have a gradient, but no optimizer holds them: "
            f"{some(step.not_optimised)}.",
            "Build the optimizer after all layers exist, from all parameters that ask for a gradient.",
        )
    if step.frozen_moved:
        return f"The step moves frozen parameters: {some(step.frozen_moved)}.", "Look for weights set by hand."
    if step.unmoved and any(rate > 0 for rate in step.learning_rates):
        return (
            f"The step leaves {len(step.unmoved)} parameters as they were: {some(step.unmoved)}.",
            "Look at their parameter group's learning rate, and at the precision they are kept in.",
        )
    return None


def _figures(plan: LaunchPlan, step: StepEvidence) -> list[Measurement]:
    unit = "masked MSE, normalised"
    rows: list[tuple[str, float | None, str, str]] = [
        ("first training loss", step.loss, unit, f"<= {loss(limit(plan, step))}"),
        ("the same batch after one step", step.loss_after, unit, ""),
        ("baseline's training loss", step.baseline_train_loss, unit, ""),
        ("norm of the gradient", step.gradient_norm, "", ""),
    ]
    figures = [
        Measurement(name=name, value=round(value, 6), unit=unit, limit=limit)
        for name, value, unit, limit in rows
        if value is not None
    ]
    return [*figures, Measurement(name="frozen parameters", value=len(step.frozen))]


CHECK = Check("train.one_step", "One training step", Stage.TRAINING, Severity.BLOCKS, (StepEvidence,), judge)
