"""Two checkpoints, or two sets of settings, held against each other."""

from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import JsonValue

from aqboard.domain.checkpoint import CheckpointDiff, TensorChange, ValueChange
from aqboard.readers.checkpoints.checkpoint import CheckpointFile

_MAX_CHANGES = 500


def diff_checkpoints(a: CheckpointFile, b: CheckpointFile) -> CheckpointDiff:
    """Tensors bit by bit, hyper-parameters and Lightning's counters value by value."""
    equal, changed = 0, []
    for key in a.keys:
        if key not in b.tensors:
            continue
        change = _tensor_change(a, b, key)
        if change is None:
            equal += 1
        else:
            changed.append(change)
    return CheckpointDiff(
        a=str(a.path),
        b=str(b.path),
        equal=equal,
        changed=tuple(changed),
        only_a=tuple(key for key in a.keys if key not in b.tensors),
        only_b=tuple(key for key in b.keys if key not in a.tensors),
        settings=diff_settings(_settings(a), _settings(b)),
    )


def diff_settings(a: Mapping[str, JsonValue], b: Mapping[str, JsonValue]) -> tuple[ValueChange, ...]:
    """Values that differ between two nested mappings, by dotted path; numbers compare as numbers (1 equals 1.0)."""
    left, right = dict(flat_settings(a)), dict(flat_settings(b))
    changes = []
    for path in dict.fromkeys([*left, *right]):
        if path not in right:
            changes.append(ValueChange(path=path, side="only-a", a=left[path]))
        elif path not in left:
            changes.append(ValueChange(path=path, side="only-b", b=right[path]))
        elif left[path] != right[path] or isinstance(left[path], bool) != isinstance(right[path], bool):
            changes.append(ValueChange(path=path, side="changed", a=left[path], b=right[path]))
    return tuple(changes[:_MAX_CHANGES])


def _tensor_change(a: CheckpointFile, b: CheckpointFile, key: str) -> TensorChange | None:
    """None when both tensors have the same type, shape and bits."""
    first, second = a.tensors[key], b.tensors[key]
    if first != second:
        return TensorChange(key=key, a=first, b=second)
    raw = a.raw(key), b.raw(key)
    if raw[0] == raw[1]:
        return None
    bits = a.bits(key), b.bits(key)
    width = f"V{bits[0].dtype.itemsize}"
    changed = np.ascontiguousarray(bits[0]).view(width) != np.ascontiguousarray(bits[1]).view(width)
    return TensorChange(
        key=key,
        a=first,
        b=second,
        changed_share=float(np.mean(changed)),
        max_abs_difference=_largest_difference(a, b, key),
    )


def _largest_difference(a: CheckpointFile, b: CheckpointFile, key: str) -> float | None:
    """Over the elements where both are finite; None where there is none, or no numbers."""
    first, second = a.tensor(key), b.tensor(key)
    if first.dtype.kind not in "fiub":
        return None
    wide = first.astype(np.float64), second.astype(np.float64)
    finite = np.isfinite(wide[0]) & np.isfinite(wide[1])
    gaps = np.abs(wide[0] - wide[1])[finite]
    return float(gaps.max()) if gaps.size else None


def _settings(checkpoint: CheckpointFile) -> dict[str, JsonValue]:
    summary = checkpoint.summary()
    return {
        "epoch": summary.epoch,
        "global_step": summary.global_step,
        "lightning_version": summary.lightning_version,
        "hyper_parameters": summary.hyper_parameters,
        **summary.extra,
    }


def flat_settings(value: JsonValue | Mapping[str, JsonValue], path: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Dotted path and value of every leaf of a nested mapping; lists and empty mappings are leaves."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from flat_settings(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, {} if isinstance(value, Mapping) else value
