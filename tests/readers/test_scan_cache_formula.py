"""The generator's formula, held against a literal loop, and digests that see content only."""

import math

import numpy as np
import pytest

from aqboard.readers.caches.scan_cache import build_scan_cache, cache_digests
from aqboard.readers.errors import ReadError


def literal_order(height, width, grid_h, grid_w, angle):
    """The order of a height x width block, one patch at a time."""
    keys = []
    for row in range(height):
        for col in range(width):
            x = 2 * col / (grid_w - 1) - 1
            y = 2 * row / (grid_h - 1) - 1
            keys.append(x * math.cos(angle) + (-y) * math.sin(angle))
    return sorted(range(len(keys)), key=keys.__getitem__)


@pytest.mark.parametrize(("grid_h", "grid_w", "regions"), [(8, 16, (4, 4)), (6, 6, (3, 2)), (4, 12, (1, 1))])
def test_orders_are_those_of_the_literal_formula(grid_h, grid_w, regions):
    cache = build_scan_cache(grid_h, grid_w, num_sectors=8, regions_h=regions[0], regions_w=regions[1])
    block = (grid_h // regions[0], grid_w // regions[1])
    for sector in range(8):
        angle = 2 * math.pi * sector / 8
        assert cache.sector_angles[sector] == angle
        assert cache.global_orders[sector].tolist() == literal_order(grid_h, grid_w, grid_h, grid_w, angle)
        expected = literal_order(*block, grid_h, grid_w, angle)
        assert (cache.regional_orders[:, sector] == expected).all()


def test_real_size_has_one_regional_table_with_twelve_distinct_rows():
    cache = build_scan_cache(64, 128)
    assert cache.regional_orders.shape == (1024, 16, 8)
    assert len(np.unique(cache.regional_orders.reshape(1024, -1), axis=0)) == 1
    assert len(np.unique(cache.regional_orders[0], axis=0)) == 12


def test_regions_that_do_not_divide_the_grid_are_refused_with_the_numbers():
    with pytest.raises(ReadError, match="regions_h=32 does not divide grid_h=16") as caught:
        build_scan_cache(16, 32)
    assert caught.value.code == "bad-grid"


def test_each_digest_sees_its_own_part():
    plain = build_scan_cache(8, 16, regions_h=4, regions_w=4)
    orders = plain.global_orders.copy()
    orders[3, [0, 1]] = orders[3, [1, 0]]
    changed = type(plain)(**{**plain.__dict__, "global_orders": orders})
    before, after = cache_digests(plain), cache_digests(changed)
    assert before.global_orders != after.global_orders
    assert before.content != after.content
    assert (before.regional_orders, before.metadata) == (after.regional_orders, after.metadata)


def test_angles_differing_by_rounding_have_one_digest():
    plain = build_scan_cache(8, 16, regions_h=4, regions_w=4)
    rounded = type(plain)(**{**plain.__dict__, "sector_angles": plain.sector_angles + 1e-13})
    assert cache_digests(plain) == cache_digests(rounded)
