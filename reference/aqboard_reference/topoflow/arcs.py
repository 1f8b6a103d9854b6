"""Which order belongs to which arc of the wind's angle; for small regions also when the angle is taken exactly.

Two patches change places only where the wind blows square to the line between them. A region of 2 x 4 patches has 8
such lines, so between them its order by the exact angle is one of 16, and a look-up replaces the sort.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_ARCS = 64
"""Regions with more orders are sorted: a table of all of them would cost more than it saves."""


@dataclass(frozen=True)
class Arcs:
    """The circle cut into arcs, each of which has its row in a table of orders.

    `starts`: where each arc begins, float64 [n], rising, radians in (-pi, pi]. `rows`: int64 [n + 1], the arcs' rows as
    an angle rises from -pi to pi; the arc that holds pi is the first of them and the last.
    """

    starts: Tensor
    rows: Tensor


def sector_arcs(angles: Sequence[float]) -> Arcs:
    """Row i belongs to the winds that are nearest to `angles[i]`, radians."""
    turn = 2 * math.pi
    centres = sorted((angle % turn, row) for row, angle in enumerate(angles))
    before = [centres[-1][0] - turn, *(centre for centre, _ in centres)]
    starts = [(a + b) / 2 for a, (b, _) in zip(before, centres, strict=False)]
    return _arcs(
        (start - turn if start > math.pi else start, row) for start, (_, row) in zip(starts, centres, strict=True)
    )


def angle_arcs(rows: int, cols: int, row_step: float, col_step: float) -> tuple[Arcs, Tensor] | None:
    """The arcs of one order each, and the orders, int64 [n, K], of `rows` x `cols` patches; None if they are too many.

    `row_step`, `col_step`: distance between rows and columns on the scale of the projection.
    """
    lines = [
        (down, right)
        for right in range(cols)
        for down in range(1 - rows, rows)
        if math.gcd(down, right) == 1 and (right, down) > (0, 0)
    ]
    if 2 * len(lines) > MOST_ARCS:
        return None
    square = [math.atan2(right * col_step, down * row_step) for down, right in lines]  # in [0, pi)
    starts = sorted([*square, *(angle - math.pi if angle else math.pi for angle in square)]) or [0.0]
    ends = [*starts[1:], starts[0] + 2 * math.pi]
    middles = torch.tensor([(a + b) / 2 for a, b in zip(starts, ends, strict=True)], dtype=torch.float64)
    row, col = torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij")
    places = torch.stack([col.flatten() * col_step, -row.flatten() * row_step]).double()
    orders = (torch.stack([middles.cos(), middles.sin()], dim=1) @ places).argsort(dim=1, stable=True)
    # Square to a line its patches keep their order, as they do in the arc on one side: the angle itself belongs there.
    changes = [_changes(order) for order in orders.tolist()]
    own = [math.nextafter(start, 4) if changes[k - 1] < changes[k] else start for k, start in enumerate(starts)]
    return _arcs(zip(own, range(len(own)), strict=True)), orders


def _changes(order: Sequence[int]) -> int:
    """Pairs that do not stand in rising order."""
    return sum(a > b for place, a in enumerate(order) for b in order[place + 1 :])


def _arcs(pairs: Iterable[tuple[float, int]]) -> Arcs:
    """Arcs from (start, row); a start belongs to its own arc."""
    rising = sorted(pairs)
    starts = torch.tensor([start for start, _ in rising], dtype=torch.float64)
    return Arcs(starts, torch.tensor([rising[-1][1], *(row for _, row in rising)]))
