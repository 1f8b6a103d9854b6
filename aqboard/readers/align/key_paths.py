"""Dotted keys as paths: wrappers left out, differences found, numbers folded. Pure functions over strings."""

from collections.abc import Iterable

from aqboard.domain.alignment import FoldedKeys

WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module")
"""Components that DDP, torch.compile, FSDP, activation checkpointing and Fabric put into keys."""


def without_wrappers(keys: Iterable[str]) -> dict[str, str]:
    """Each key and its form without wrapper components; unchanged where two keys would become one."""
    full = list(keys)
    short = {key: ".".join(part for part in key.split(".") if part not in WRAPPERS) or key for key in full}
    return short if len(set(short.values())) == len(full) else {key: key for key in full}


def split_difference(a: str, b: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Common head, what only a has, what only b has, common tail: of two dotted paths, in whole components."""
    left, right = a.split("."), b.split(".")
    shorter = min(len(left), len(right))
    head = next((i for i in range(shorter) if left[i] != right[i]), shorter)
    tail = next((j for j in range(shorter - head) if left[-1 - j] != right[-1 - j]), shorter - head)
    return (
        tuple(left[:head]),
        tuple(left[head : len(left) - tail]),
        tuple(right[head : len(right) - tail]),
        tuple(left[len(left) - tail :]),
    )


def join(*parts: str) -> str:
    """Dotted path of the parts that are not empty."""
    return ".".join(part for part in parts if part)


def fold_keys(keys: Iterable[str]) -> tuple[FoldedKeys, ...]:
    """Gather keys that differ only in numeric components: `blocks.{0..5}.norm1.weight`, in order of appearance."""
    groups: dict[tuple[str, ...], list[list[int]]] = {}
    for key in keys:
        parts = key.split(".")
        shape = tuple("#" if part.isdigit() else part for part in parts)
        groups.setdefault(shape, []).append([int(part) for part in parts if part.isdigit()])
    return tuple(FoldedKeys(pattern=_pattern(shape, rows), count=len(rows)) for shape, rows in groups.items())


def _pattern(shape: tuple[str, ...], rows: list[list[int]]) -> str:
    columns = iter(zip(*rows, strict=True))
    return ".".join(_span(next(columns)) if part == "#" else part for part in shape)


def _span(numbers: tuple[int, ...]) -> str:
    """`3`, `{0..5}`, or `{0,2,5}` for numbers with gaps."""
    distinct = sorted(set(numbers))
    if len(distinct) == 1:
        return str(distinct[0])
    if distinct == list(range(distinct[0], distinct[-1] + 1)):
        return f"{{{distinct[0]}..{distinct[-1]}}}"
    return f"{{{','.join(map(str, distinct))}}}"
