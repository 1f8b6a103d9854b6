"""The optimizer and scheduler states in the checkpoint, beside what the training would build."""

from torch.optim import Optimizer

from aqboard.domain.evidence_checkpoint import BuiltGroup, OptimizerEvidence
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Trains, able
from aqboard.readers.checkpoints.optimizer_state import optimizer_shapes


def measure(context: Context) -> OptimizerEvidence:
    """Build the training's optimizers only where the plan resumes them."""
    file = context.checkpoint
    summary = file.summary()
    built = None
    if context.plan.checkpoint.resume_optimizer:
        target = able(context.target, Trains)
        optimizers = target.optimizers(context.target.build(context.scan))
        built = tuple(_groups(optimizer) for optimizer in optimizers)
    return OptimizerEvidence(
        saved=summary.optimizers, saved_shapes=optimizer_shapes(file), schedulers=len(summary.schedulers), built=built
    )


def _groups(optimizer: Optimizer) -> tuple[BuiltGroup, ...]:
    return tuple(
        BuiltGroup(shapes=tuple(tuple(parameter.shape) for parameter in group["params"]), lr=_rate(group))
        for group in optimizer.param_groups
    )


def _rate(group: dict[str, object]) -> float | None:
    """The peak rate where a scheduler has noted it, else the rate in force."""
    rate = group.get("initial_lr", group.get("lr"))
    return float(rate) if isinstance(rate, int | float) else None


PROBE = Probe(OptimizerEvidence, "Optimizer's state", measure)
