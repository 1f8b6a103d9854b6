"""How two scan orders differ: pure functions over int64 arrays.

No single figure is enough: an order rolled by one place changes every position and keeps a Kendall tau of 0.9995.
"""

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TIE_WIDTH = 1e-6
"""Projections closer than this count as equal. Neighbouring patches of one wind direction differ by rounding (1e-16 in
float64, 1e-7 in float32) or by a fraction of the grid step (1e-2 and more for grids in use)."""


def valid_rows(orders: IntArray) -> BoolArray:
    """Which rows [..., K] are permutations of 0..K-1: bool [...]."""
    length = orders.shape[-1]
    rows = orders.reshape(-1, length)
    in_range = ((rows >= 0) & (rows < length)).all(axis=1)
    seen = np.zeros((len(rows), length), bool)
    np.put_along_axis(seen, np.clip(rows, 0, length - 1), True, axis=1)
    valid: BoolArray = in_range & seen.all(axis=1)
    return valid.reshape(orders.shape[:-1])


def ranks(orders: IntArray) -> IntArray:
    """Place of each patch in its order: the inverse permutation of each row of [..., K]."""
    places = np.empty_like(orders)
    np.put_along_axis(places, orders, np.broadcast_to(np.arange(orders.shape[-1]), orders.shape), axis=-1)
    return places


def displacements(a: IntArray, b: IntArray) -> IntArray:
    """How many places each patch moves from order a to order b: int64 [..., K], indexed by patch."""
    return ranks(b) - ranks(a)


def kendall_tau(a: IntArray, b: IntArray) -> float:
    """Kendall's tau of two permutations [K]: 1 equal, -1 reversed. Exact, by merge sort, O(K log K).

    tau = 1 - 4 D / (K (K - 1)), D the number of pairs in opposite order.
    """
    length = len(a)
    if length < 2:
        return 1.0
    return 1.0 - 4.0 * _inversions(ranks(b)[a]) / (length * (length - 1))


def tie_only(a: IntArray, b: IntArray, projection: NDArray[np.float64]) -> bool:
    """True when the two differ, but each position holds patches of equal projection [K] on the wind."""
    if np.array_equal(a, b):
        return False
    return bool(np.all(np.abs(projection[a] - projection[b]) <= TIE_WIDTH))


def _inversions(values: IntArray) -> int:
    """Number of pairs i < j with values[i] > values[j], for a permutation of 0..K-1.

    Bottom-up merge: in blocks that double in width, count for each right half the larger values of its left half.
    """
    length = 1 << (len(values) - 1).bit_length()
    # Padding with values larger than all others, in ascending order, adds no inversion.
    padded = np.concatenate([values, np.arange(len(values), length)])
    count = 0
    width = 1
    while width < length:
        blocks = padded.reshape(-1, 2 * width)
        order = np.argsort(blocks, axis=1, kind="stable")
        # The rank of each right element in its block, less its rank among the right ones, is how many left ones
        # are smaller; the others of the left half are larger.
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.broadcast_to(np.arange(2 * width), order.shape), axis=1)
        smaller = place[:, width:].sum() - len(blocks) * (width * (width - 1) // 2)
        count += len(blocks) * width * width - int(smaller)
        padded = np.take_along_axis(blocks, order, axis=1).reshape(-1)
        width *= 2
    return count
