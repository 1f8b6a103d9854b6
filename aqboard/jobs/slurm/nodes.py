"""Slurm's short form of many node names."""

import re
from collections.abc import Iterator
from itertools import islice

_PART = re.compile(r"([^\[\],]*)(?:\[([\d,-]+)\])?([^\[\],]*)", re.ASCII)
_SPAN = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?", re.ASCII)
MOST = 100_000


def expand(names: str) -> tuple[str, ...]:
    """Every node in a list such as `nid[005000-005049,005060],login1`, in its order.

    Raises ValueError for text that is not such a list, or that names more than `MOST` nodes.
    """
    every = (name for part in _split(names) for name in _expanded(part))
    found = tuple(islice(every, MOST + 1))
    if len(found) > MOST:
        raise ValueError(f"{names!r} names more than {MOST} nodes.")
    return found


def _split(names: str) -> Iterator[str]:
    """The parts between the commas that stand outside brackets."""
    yield from (part for part in re.split(r",(?![^\[]*\])", names) if part)


def _expanded(part: str) -> Iterator[str]:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(f"{part!r} is not a list of nodes as Slurm writes it.")
    before, ranges, after = match.groups()
    if ranges is None:
        yield before
        return
    for span in ranges.split(","):
        ends = _SPAN.fullmatch(span)
        if ends is None or int(ends[2] or ends[1]) < int(ends[1]):
            raise ValueError(f"{part!r} is not a list of nodes as Slurm writes it.")
        for number in range(int(ends[1]), int(ends[2] or ends[1]) + 1):
            yield f"{before}{number:0{len(ends[1])}}{after}"
