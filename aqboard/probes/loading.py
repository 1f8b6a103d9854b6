"""Load a checkpoint into a module with `load_state_dict`, and say truthfully what happened."""

from collections.abc import Mapping

from torch import Tensor, nn

from aqboard.domain.plan import CheckpointPlan
from aqboard.probes.target import Loaded, Loads


def receiver(target: object, module: nn.Module) -> nn.Module:
    """The part of `module` that the training hands the checkpoint to; all of it unless the target says otherwise."""
    return target.receiver(module) if isinstance(target, Loads) else module


def load(target: object, plan: CheckpointPlan, module: nn.Module, state: Mapping[str, Tensor]) -> Loaded:
    """Load as the target's training does, or with `load_state_dict` where the target has no loader of its own."""
    if isinstance(target, Loads):
        return target.load(module, state)
    return load_state_dict(module, state, plan)


def load_state_dict(module: nn.Module, state: Mapping[str, Tensor], plan: CheckpointPlan) -> Loaded:
    """`module.load_state_dict` with the plan's prefix and strictness."""
    renamed = {key.removeprefix(plan.strip_prefix): key for key in state}
    own = module.state_dict().keys()
    mapping = {key: source for key, source in renamed.items() if key in own}
    missing = [key for key in own if key not in renamed]
    unexpected = [source for key, source in renamed.items() if key not in own]
    try:
        module.load_state_dict({key: state[source] for key, source in renamed.items()}, strict=plan.strict)
    except RuntimeError as error:
        return Loaded(missing, unexpected, str(error), mapping)
    return Loaded(missing, unexpected, "", mapping)
