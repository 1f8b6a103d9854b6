"""Can the training go on with the optimizer state in the checkpoint?

Optimizers know their parameters by number alone. A new parameter, another order or another split into groups gives
every parameter behind it the moments of its neighbour, where shapes allow it, without a word.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import shape
from aqboard.domain.checkpoint import OptimizerFacts
from aqboard.domain.evidence.checkpoint import BuiltGroup, OptimizerEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, state: OptimizerEvidence) -> Judgement:
    """PASS when the saved state fits what the training builds, or when the plan does not resume it."""
    figures = (
        Measurement(name="optimizers saved", value=len(state.saved)),
        Measurement(name="parameter groups saved", value=", ".join(map(_counts, state.saved)) or "none"),
        Measurement(name="schedulers saved", value=state.schedulers),
    )
    if not plan.checkpoint.resume_optimizer:
        return passed("The training begins with a new optimizer (checkpoint.resume_optimizer is false).", *figures)
    if state.built is None:
        return broke("The training's optimizers were not built; nothing was compared.", remedy="Run the checks again.")
    if not state.saved:
        return failed(
            "The plan resumes the optimizer, and the checkpoint holds no optimizer state.",
            *figures,
            remedy="Take a checkpoint that was not saved with `save_weights_only`, or set resume_optimizer to false.",
        )
    if len(state.saved) != len(state.built):
        return _unfit(f"{len(state.saved)} optimizers are saved, the training builds {len(state.built)}", figures)
    for number, (saved, built) in enumerate(zip(state.saved, state.built, strict=True)):
        shapes = state.saved_shapes[number] if number < len(state.saved_shapes) else ()
        if misfit := _misfit(saved, shapes, built):
            return _unfit(misfit, figures)
    rates = _rates(state)
    if not state.schedulers:
        rates += " No scheduler state is saved, so its schedule begins anew."
    count = sum(group.params for optimizer in state.saved for group in optimizer.groups)
    return passed(f"The state of all {count} parameters fits, in number, order and shape.{rates}", *figures)


def _misfit(saved: OptimizerFacts, shapes: tuple[tuple[int, ...] | None, ...], built: tuple[BuiltGroup, ...]) -> str:
    """The first thing in which a saved state does not fit a built optimizer; empty when it does."""
    if len(saved.groups) != len(built):
        return f"{len(saved.groups)} parameter groups are saved, the training builds {len(built)}"
    for number, (old, new) in enumerate(zip(saved.groups, built, strict=True), 1):
        if old.params != len(new.shapes):
            return f"group {number} holds {old.params} parameters in the file, {len(new.shapes)} in the training"
    wanted = [wanted for group in built for wanted in group.shapes]
    for number, (held, needed) in enumerate(zip(shapes, wanted, strict=False), 1):
        if held is not None and held != needed:
            return f"parameter {number} of {len(wanted)} has moments of shape {shape(held)} and is {shape(needed)}"
    return ""


def _unfit(what: str, figures: tuple[Measurement, ...]) -> Judgement:
    return failed(
        f"The saved optimizer does not fit: {what}.",
        *figures,
        remedy="A model with new parameters cannot resume; set checkpoint.resume_optimizer to false and warm up anew, "
        "or build the groups as the training did.",
    )


def _rates(state: OptimizerEvidence) -> str:
    """Learning rates are restored with the state: say so where the configuration has others."""
    said = []
    for saved, built in zip(state.saved, state.built or (), strict=False):
        for number, (old, new) in enumerate(zip(saved.groups, built, strict=False), 1):
            rate = old.settings.get("initial_lr", old.settings.get("lr"))
            if new.lr is not None and isinstance(rate, int | float) and rate != new.lr:
                said.append(f"group {number} goes on from {rate:g}, not from the configured {new.lr:g}")
    return f" The learning rate comes from the file: {'; '.join(said)}." if said else ""


def _counts(optimizer: OptimizerFacts) -> str:
    return " + ".join(str(group.params) for group in optimizer.groups)


CHECK = Check(
    "checkpoint.optimizer", "Optimizer can go on", Stage.CHECKPOINT, Severity.BLOCKS, (OptimizerEvidence,), judge
)
