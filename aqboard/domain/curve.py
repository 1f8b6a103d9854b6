"""Curves of many points, reduced to few that still look the same."""

import math
from collections.abc import Sequence
from itertools import pairwise

FEWEST = 4
"""Points that any curve keeps where it has them: both ends, and the lowest and highest between."""


def thinned(values: Sequence[float], most: int) -> list[int]:
    """Indices, ascending, of at most `most` values that keep the shape: both ends, each stretch's lowest and highest.

    NaN counts as highest, so that a curve that blew up still shows it. Fewer than `FEWEST` are never asked for.
    """
    count, most = len(values), max(most, FEWEST)
    if count <= most:
        return list(range(count))
    height = [math.inf if math.isnan(value) else value for value in values]
    stretches = (most - 2) // 2
    edges = [1 + (count - 2) * i // stretches for i in range(stretches + 1)]
    keep = {0, count - 1}
    for start, stop in pairwise(edges):
        stretch = range(start, stop)
        keep |= {min(stretch, key=height.__getitem__), max(stretch, key=height.__getitem__)}
    return sorted(keep)
