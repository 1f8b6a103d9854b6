"""Do the values of a checkpoint look like those of a trained model?

NaN, infinities, zeros, constants; and what was never trained, from the optimizer's state or from the shape of the
values themselves.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqboard.domain.checkpoint import HealthReport, TensorHealth
from aqboard.readers.checkpoints.checkpoint import CheckpointFile
from aqboard.readers.checkpoints.tensors import TensorView

_CHUNK_ELEMENTS = 4 << 20
_NO_NUMBERS = ("float8_e4m3fn", "float8_e5m2", "complex64", "complex128")
_MAX_GROUPS = 64
_UNIFORM_FROM = 256  # values needed before a distribution can be told


def tensor_health(checkpoint: CheckpointFile) -> HealthReport:
    """Figures of every tensor. Each is read once, large ones in pieces."""
    untouched = _without_gradient(checkpoint)
    tensors, unread = [], []
    for key, spec in checkpoint.tensors.items():
        if spec.dtype in _NO_NUMBERS:
            unread.append(key)
            continue
        tensors.append(_health(checkpoint, key, untouched.get(key)))
    return HealthReport(tensors=tuple(tensors), unread=tuple(unread))


def _health(checkpoint: CheckpointFile, key: str, untouched: str | None) -> TensorHealth:
    nan = inf = zeros = 0
    total = squares = 0.0
    lowest, highest = math.inf, -math.inf
    seen_finite = False
    for values in _pieces(checkpoint, key):
        low, high = values.min(), values.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            nan += int(np.isnan(values).sum())
            inf += int(np.isinf(values).sum())
            values = values[~np.isnan(values)]
            if not values.size:
                continue
            low, high = values.min(), values.max()
        seen_finite = True
        lowest, highest = min(lowest, float(low)), max(highest, float(high))
        zeros += values.size - int(np.count_nonzero(values))
        if values.dtype.kind == "f" and not inf:
            total += float(values.sum(dtype=np.float64))
            squares += float(np.square(values, dtype=np.float64).sum())
    numel = checkpoint.tensors[key].numel
    faultless = seen_finite and not (nan or inf)
    variance = max(0.0, squares / numel - (total / numel) ** 2) if faultless else math.nan
    initial = _looks_initial(checkpoint.tensors[key].shape, lowest, highest, variance) if faultless else None
    return TensorHealth(
        key=key,
        numel=numel,
        nan=nan,
        inf=inf,
        zero_share=zeros / numel if numel else 0.0,
        minimum=lowest if seen_finite and math.isfinite(lowest) else None,
        maximum=highest if seen_finite and math.isfinite(highest) else None,
        constant=faultless and numel > 1 and lowest == highest,
        never_trained=untouched or initial,
    )


def _pieces(checkpoint: CheckpointFile, key: str) -> Iterator[NDArray[Any]]:
    """The values of a tensor, flat, in pieces that fit in memory."""
    view = checkpoint.views[key]
    if not view.contiguous or view.numel <= _CHUNK_ELEMENTS:
        if view.numel:
            yield checkpoint.tensor(key).reshape(-1)
        return
    for begin in range(0, view.numel, _CHUNK_ELEMENTS):
        count = min(_CHUNK_ELEMENTS, view.numel - begin)
        part = TensorView(view.storage, view.start + begin, (count,), (1,), view.dtype)
        yield part.values(checkpoint.document.source)


def _looks_initial(shape: tuple[int, ...], low: float, high: float, variance: float) -> str | None:
    """Torch draws weights of linear and convolution layers from U(-b, b) with b = 1 / sqrt(fan_in).

    Training breaks that shape at once: values leave the bound, and the variance leaves b^2 / 3.
    """
    numel, fan_in = math.prod(shape), math.prod(shape[1:])
    if len(shape) < 2 or numel < _UNIFORM_FROM or fan_in < 2:
        return None
    bound = 1 / math.sqrt(fan_in)
    fills_bound = 0.97 * bound < high <= bound * 1.00001 and 0.97 * bound < -low <= bound * 1.00001
    # Four standard errors of the variance of a uniform sample: sqrt(4 / (5 n)) of it each.
    if fills_bound and abs(variance / (bound**2 / 3) - 1) < 4 * math.sqrt(0.8 / numel):
        return "its values are still spread evenly over +-1/sqrt(fan_in), as torch initialises them"
    return None


def _without_gradient(checkpoint: CheckpointFile) -> dict[str, str]:
    """Parameters whose Adam state shows that no gradient ever came, by key; empty where keys cannot be told."""
    states = {} if checkpoint.is_bare else checkpoint.content.get("optimizer_states")
    if not isinstance(states, list) or len(states) != 1 or not isinstance(states[0], dict):
        return {}
    squares = _second_moments(states[0])
    owners = _owners(checkpoint, squares)
    source = checkpoint.document.source
    return {
        key: "its Adam state is zero: no gradient ever reached it"
        for key, moment in owners.items()
        if not np.any(moment.bits(source))
    }


def _second_moments(state: dict[Any, Any]) -> list[list[TensorView]]:
    """Adam's `exp_avg_sq` of every parameter, by group and in the group's order; empty where one is missing."""
    groups, entries = state.get("param_groups"), state.get("state")
    if not isinstance(groups, list) or not isinstance(entries, dict) or len(groups) > _MAX_GROUPS:
        return []
    result = []
    for group in groups:
        numbers = group.get("params") if isinstance(group, dict) else None
        if not isinstance(numbers, list) or len(numbers) > len(entries):
            return []
        found = [entries.get(number) if type(number) is int else None for number in numbers]
        moments = [entry.get("exp_avg_sq") if isinstance(entry, dict) else None for entry in found]
        if not all(isinstance(moment, TensorView) for moment in moments):
            return []
        result.append([moment for moment in moments if isinstance(moment, TensorView)])
    return result


def _owners(checkpoint: CheckpointFile, groups: list[list[TensorView]]) -> dict[str, TensorView]:
    """Which key each moment belongs to. The state numbers parameters; their order is the state_dict's, per group.

    Walks the state_dict and gives each floating tensor to the one group whose next moment has its shape; a tensor
    that fits none is a buffer. Where two groups fit, or moments are left over, nothing is concluded.
    """
    waiting = [list(reversed(group)) for group in groups]
    owners: dict[str, TensorView] = {}
    for key, view in checkpoint.views.items():
        fitting = [group for group in waiting if group and group[-1].shape == view.shape]
        if len(fitting) > 1:
            return {}
        if fitting and "float" in view.dtype:
            owners[key] = fitting[0].pop()
    return {} if any(waiting) else owners
