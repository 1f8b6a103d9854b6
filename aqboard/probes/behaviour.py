"""What a module can be asked without knowing its class: judged by what it does, not by what it inherits from.

LightningModules come from `lightning.pytorch` or from `pytorch_lightning`, which are different classes; a plain
`nn.Module` has no steps at all. A method that is there is used; one that is not is named.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from aqboard.probes.target import Batch, Unavailable


def step_loss(module: nn.Module, batch: Batch, monitor: str, step: str = "validation_step") -> Tensor:
    """The loss of a LightningModule's own step: what it logs as `monitor`, else what it returns.

    Raises Unavailable when there is no such step, or when it neither logs nor returns a loss.
    """
    run = getattr(module, step, None)
    if not callable(run):
        raise Unavailable(f"{type(module).__name__} has no `{step}`; give the target a `loss` function")
    with recorded_logs(module) as logged:
        returned = run(batch, 0)
    if monitor in logged:
        return torch.as_tensor(logged[monitor])
    loss = returned.get("loss") if isinstance(returned, Mapping) else returned
    if not isinstance(loss, Tensor):
        raise Unavailable(
            f"`{step}` logs {', '.join(logged) or 'nothing'} and returns no loss; name the logged one as the target's "
            "`loss`, or give a function"
        )
    return loss


def configured_optimizers(module: nn.Module) -> list[Optimizer]:
    """What the module's own `configure_optimizers` builds, in whichever of Lightning's forms it returns it.

    Raises Unavailable when there is no such method. A schedule is left out: the first step is taken at its own rate.
    """
    build = getattr(module, "configure_optimizers", None)
    if not callable(build):
        raise Unavailable(f"{type(module).__name__} has no `configure_optimizers`; add `optimizers` to the target")
    made = build()
    if isinstance(made, tuple) and len(made) == 2 and all(isinstance(part, list) for part in made):
        made = made[0]  # optimizers, schedulers
    several = made if isinstance(made, list | tuple) else [made]
    return [one["optimizer"] if isinstance(one, Mapping) else one for one in several]


@contextmanager
def recorded_logs(module: nn.Module) -> Iterator[dict[str, Any]]:
    """Catch what the module logs: without a trainer, `self.log` has nowhere to go."""
    logged: dict[str, Any] = {}

    def log(name: str, value: Any, *_: Any, **__: Any) -> None:
        logged[name] = value

    def log_dict(values: Mapping[str, Any], *_: Any, **__: Any) -> None:
        logged.update(values)

    before: dict[str, Any] = {name: vars(module)[name] for name in ("log", "log_dict") if name in vars(module)}
    vars(module).update(log=log, log_dict=log_dict)
    try:
        yield logged
    finally:
        for name in ("log", "log_dict"):
            del vars(module)[name]
        vars(module).update(before)


def named_inputs(module: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """The tensors of a batch under the names of `forward`'s parameters.

    A mapping or named tuple is matched by name, any other sequence by position. Raises Unavailable when they do not
    fit, for instance because `forward` takes the whole batch.
    """
    wanted = [
        name
        for name, parameter in inspect.signature(module.forward).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    by_name = _by_name(batch)
    if by_name is not None and all(name in by_name for name in wanted):
        found = [by_name[name] for name in wanted]
    else:
        found = [batch] if isinstance(batch, Tensor) else list(batch.values() if isinstance(batch, Mapping) else batch)
    inputs = dict(zip(wanted, found, strict=False))
    if len(inputs) < len(wanted) or not all(isinstance(value, Tensor) for value in inputs.values()):
        raise Unavailable(
            f"the inputs of {type(module).__name__}.forward({', '.join(wanted)}) cannot be told from a batch of type "
            f"{type(batch).__name__}; give the target an `inputs` function"
        )
    return inputs


def samples(batch: Batch) -> int:
    """Samples in a batch: the length of its first tensor; Unavailable when it holds none."""
    tensor = first_tensor(batch)
    if tensor is None or tensor.dim() == 0:
        raise Unavailable(f"a batch of type {type(batch).__name__} holds no tensor with samples; override `size`")
    return len(tensor)


def first_tensor(batch: Batch) -> Tensor | None:
    """The first tensor in nested mappings and sequences, depth first; None when there is none."""
    if isinstance(batch, Tensor):
        return batch
    values = batch.values() if isinstance(batch, Mapping) else batch if isinstance(batch, Sequence) else ()
    if isinstance(batch, str | bytes):
        return None
    return next((found for value in values if (found := first_tensor(value)) is not None), None)


def _by_name(batch: Batch) -> Mapping[str, Any] | None:
    if isinstance(batch, Mapping):
        return batch
    return batch._asdict() if hasattr(batch, "_asdict") else None
