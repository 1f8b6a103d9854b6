"""Which scan rules explain an order that was seen? A literal, independent reading of the rules in numpy.

It shares no code with any model on purpose: what it says is held against what a model does. Orders that differ only
where the rule leaves a choice (patches of equal projection, a wind between two sectors) count as explained.
"""

import numpy as np
from numpy.typing import NDArray

from aqboard.domain.plan import SCAN_RULES, ScanRule
from aqboard.readers.caches.scan_cache import ScanCache

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TIE = 1e-9
"""Projections and angular distances closer than this are equal: summation order moves them by less."""


def rules_that_explain(cache: ScanCache, u: Floats, v: Floats, order: Ints) -> tuple[ScanRule, ...]:
    """Every rule under which the wind u, v [H, W] (m/s) may give `order` [N] with this cache."""
    return tuple(rule for rule in SCAN_RULES if explains(rule, cache, u, v, order))


def explains(rule: ScanRule, cache: ScanCache, u: Floats, v: Floats, order: Ints) -> bool:
    """Whether `rule` may give `order` [N]: position k holds patch `order[k]`, patches counted row by row."""
    tokens = cache.grid_h * cache.grid_w
    if order.shape != (tokens,) or not is_permutation(order):
        return False
    if rule == "none":
        return bool((order == np.arange(tokens)).all())
    if rule == "global-sector":
        angle = _angle(u, v)
        return any((order == cache.global_orders[s]).all() for s in _sectors(cache, angle))
    slots = _blocks(cache) if rule.startswith("block") else np.arange(tokens).reshape(len(_blocks(cache)), -1)
    return all(
        _region_explained(rule, cache, region, angle, slots[region], order)
        for region, angle in enumerate(_region_angles(cache, u, v))
    )


def is_permutation(order: Ints) -> bool:
    """Each of 0..N-1 exactly once."""
    return bool((np.sort(order) == np.arange(order.size)).all())


def _region_explained(rule: ScanRule, cache: ScanCache, region: int, angle: float, slots: Ints, order: Ints) -> bool:
    seen = order[slots]
    if rule.endswith("sector"):
        return any((seen == slots[cache.regional_orders[region, s]]).all() for s in _sectors(cache, angle))
    if not (np.sort(seen) == slots).all():
        return False
    along = _projection(cache, angle)[np.searchsorted(slots, seen)]
    return bool((np.diff(along) >= -TIE).all())


def _sectors(cache: ScanCache, angle: float) -> Ints:
    """The nearest sector, or both where the angle lies between two."""
    away = np.abs(np.angle(np.exp(1j * (angle - cache.sector_angles))))
    return np.flatnonzero(away <= away.min() + TIE)


def _projection(cache: ScanCache, angle: float) -> Floats:
    """`x cos a - y sin a` of a region's patches, columns and rows scaled to [-1, 1] by the whole grid."""
    rows, cols = np.divmod(np.arange(_region_size(cache)), cache.grid_w // cache.regions_w)
    x = 2 * cols / max(1, cache.grid_w - 1) - 1
    y = 2 * rows / max(1, cache.grid_h - 1) - 1
    projection: Floats = x * np.cos(angle) - y * np.sin(angle)
    return projection


def _region_size(cache: ScanCache) -> int:
    return cache.grid_h * cache.grid_w // (cache.regions_h * cache.regions_w)


def _blocks(cache: ScanCache) -> Ints:
    """Patch indices [R, K] that lie in each region."""
    rows, cols = cache.grid_h // cache.regions_h, cache.grid_w // cache.regions_w
    grid = np.arange(cache.grid_h * cache.grid_w).reshape(cache.regions_h, rows, cache.regions_w, cols)
    return grid.swapaxes(1, 2).reshape(cache.regions_h * cache.regions_w, rows * cols)


def _region_angles(cache: ScanCache, u: Floats, v: Floats) -> list[float]:
    high, wide = u.shape[0] // cache.regions_h, u.shape[1] // cache.regions_w
    return [
        _angle(
            u[r * high : (r + 1) * high, c * wide : (c + 1) * wide],
            v[r * high : (r + 1) * high, c * wide : (c + 1) * wide],
        )
        for r in range(cache.regions_h)
        for c in range(cache.regions_w)
    ]


def _angle(u: Floats, v: Floats) -> float:
    """Direction of the speed-weighted mean wind, radians counter-clockwise from east; calm air has angle 0."""
    speed = np.hypot(u, v)
    east, north = float((speed * u).sum()), float((speed * v).sum())
    return float(np.arctan2(north, east)) if east or north else 0.0
