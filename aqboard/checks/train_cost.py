"""Does a step at the planned batch fit, and what will the run cost?

GPU-hours are estimated from the time of a step on a GPU here, or from `training.seconds_per_step` in the plan. A time
measured on a CPU says nothing about a GPU; then no cost is claimed.
"""

from statistics import median

from aqboard.checks.check import Check
from aqboard.domain.evidence.training import CostEvidence, TrainingEvidence, TrainingFacts
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed, skipped, warned
from aqboard.domain.plan import LaunchPlan

NEARLY_FULL = 0.9
"""Share of a GPU's memory; the libraries' own buffers and fragmentation take the rest."""

ENOUGH_STEPS = 1000
"""Told where the run's length is not known."""


def judge(plan: LaunchPlan, cost: CostEvidence, training: TrainingEvidence) -> Judgement:
    """PASS with the estimate, WARN when memory is nearly full, FAIL when it is not enough, SKIP without GPU times."""
    facts = training.facts or TrainingFacts()
    figures = tuple(_figures(cost))
    if cost.error:
        return _stopped(cost, figures)
    if not cost.step_s:
        return broke("No step was timed.", remedy="Run the checks again.")
    measured = f"{median(cost.step_s):.3g} s per step of {cost.batch_size} samples on {cost.device}"
    if cost.device_kind == "cuda" and cost.peak_bytes and cost.capacity_bytes:
        share = cost.peak_bytes / cost.capacity_bytes
        if share > NEARLY_FULL:
            return warned(
                f"A step takes {share:.0%} of the memory of {cost.device}.",
                *figures,
                remedy="Halve the batch and accumulate twice, or switch on activation checkpointing.",
            )
    seconds = seconds_per_step(plan, cost)
    if seconds is None:
        return skipped(
            f"{measured}; a CPU's time says nothing about the GPUs of the launch.",
            remedy="Run the checks on a GPU node, or name training.seconds_per_step from an earlier run.",
        ).model_copy(update={"measurements": figures})
    steps = facts.max_steps or ENOUGH_STEPS
    estimate = _estimate(plan, cost, seconds * facts.accumulate * steps / 3600)
    what = f"the run's {steps} steps" if facts.max_steps else f"every {steps} steps (the run's length is not known)"
    bill = ", ".join(f"{figure.value:g} {figure.unit}" for figure in estimate)
    return passed(f"{measured}; {what} take {bill}.", *figures, *estimate)


def seconds_per_step(plan: LaunchPlan, cost: CostEvidence) -> float | None:
    """Seconds of one batch on the launch's GPUs: the plan's, else as measured on a GPU here; None when neither is."""
    if plan.training.seconds_per_step is not None:
        return plan.training.seconds_per_step
    return median(cost.step_s) if cost.device_kind == "cuda" and cost.step_s else None


def _estimate(plan: LaunchPlan, cost: CostEvidence, hours: float) -> tuple[Measurement, ...]:
    """Hours, GPU-hours, and the centre's own unit where its profile knows it."""
    figures = [
        Measurement(name="time without validation and start", value=round(hours, 2), unit="h"),
        Measurement(name="GPU-hours", value=round(hours * plan.cluster.gpus, 1), unit="GPU-hours"),
    ]
    if cost.billing:
        billed = hours * plan.cluster.nodes * cost.billing.per_node_hour
        figures.append(Measurement(name="billed", value=round(billed, 1), unit=cost.billing.unit))
    return tuple(figures)


def _stopped(cost: CostEvidence, figures: tuple[Measurement, ...]) -> Judgement:
    """A step that raised: out of memory is this check's fault to find, anything else the training step's."""
    if "out of memory" in cost.error.lower():
        return failed(
            f"A step of {cost.batch_size} samples does not fit into the memory of {cost.device}.",
            *figures,
            remedy="Halve the batch and accumulate twice, or switch on activation checkpointing.",
        )
    return broke(f"A step could not be timed: {cost.error}", remedy="Mend “One training step” first.")


def _figures(cost: CostEvidence) -> list[Measurement]:
    figures = [Measurement(name="parameters, gradients, optimizer state", value=cost.state_bytes, unit="bytes")]
    if cost.step_s:
        value = round(median(cost.step_s), 4)
        figures.insert(0, Measurement(name="time per step", value=value, unit="s", limit=f"on {cost.device}"))
    if cost.peak_bytes is not None:
        limit = f"of {cost.capacity_bytes}" if cost.capacity_bytes else ""
        figures.append(Measurement(name="peak memory of a step", value=cost.peak_bytes, unit="bytes", limit=limit))
    return figures


CHECK = Check(
    "train.cost",
    "Memory, time and cost of a step",
    Stage.TRAINING,
    Severity.INFORMS,
    (CostEvidence, TrainingEvidence),
    judge,
)
