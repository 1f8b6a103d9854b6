"""Which parameters a checkpoint's optimizer states belong to, as far as shapes tell: the file names none."""

from typing import Any

from aqboard.readers.checkpoints.checkpoint import CheckpointFile
from aqboard.readers.checkpoints.tensors import TensorView

Shapes = tuple[tuple[int, ...] | None, ...]


def optimizer_shapes(checkpoint: CheckpointFile) -> tuple[Shapes, ...]:
    """Per optimizer, the shape of each parameter's state in the order of its groups; None for one without state.

    A state holds tensors of the parameter's shape (Adam's moments) and scalars (its step); the largest tells.
    """
    states = None if checkpoint.is_bare else checkpoint.content.get("optimizer_states")
    return tuple(_shapes(state) for state in states) if isinstance(states, list | tuple) else ()


def _shapes(state: Any) -> Shapes:
    fields = state if isinstance(state, dict) else {}
    groups, entries = fields.get("param_groups"), fields.get("state")
    if not isinstance(groups, list) or not isinstance(entries, dict):
        return ()
    numbers = [number for group in groups if isinstance(group, dict) for number in _numbers(group.get("params"))]
    return tuple(_shape(entries.get(number)) for number in numbers)


def _numbers(params: Any) -> list[int]:
    return [number for number in params if type(number) is int] if isinstance(params, list | tuple) else []


def _shape(entry: Any) -> tuple[int, ...] | None:
    views = [item for item in entry.values() if isinstance(item, TensorView)] if isinstance(entry, dict) else []
    return max(views, key=lambda view: view.numel).shape if views else None
