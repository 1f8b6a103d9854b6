from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.readers.caches.compare import read_pair
from aqboard.readers.caches.scan_cache import build_scan_cache
from aqboard.web.figures.caches import MOST_BINS, binned, displacement_figure, order_figure
from tests.sample_attempts import GRID, with_orders, write_cache, write_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path)
    return tmp_path


def test_reversed_orders_move_the_ends_most(folder):
    pair = read_pair(str(folder / "cache.pkl"), str(folder / "reversed.pkl"))
    assert pair.comparison.verdict == "orders-differ" and pair.places is not None
    before, after = map(np.asarray, pair.places)
    (heat,) = displacement_figure(before, after, [s.angle_deg for s in pair.comparison.sectors]).data
    shares = np.asarray(heat.z)
    patches = GRID[0] * GRID[1]
    assert shares.shape == (16, patches)
    assert np.allclose(shares, np.abs(patches - 1 - 2 * np.arange(patches)) / patches)
    assert heat.y[4] == "4 (90°)"


def test_the_order_on_the_grid_is_the_place_of_each_patch(folder):
    pair = read_pair(str(folder / "cache.pkl"), str(folder / "reversed.pkl"))
    before, after = (np.asarray(places)[0] for places in pair.places)
    left, right = order_figure(before, after, GRID, ("a", "<b>")).data
    # Sector 0 blows towards the east: the western column comes first, top to bottom by the stable sort.
    assert np.array_equal(np.asarray(left.z)[:, 0], np.arange(GRID[0]))
    assert np.array_equal(np.asarray(left.z) + np.asarray(right.z), np.full(GRID, GRID[0] * GRID[1] - 1))


def test_there_is_no_picture_of_what_cannot_be_compared(folder):
    write_cache(folder / "small.pkl", build_scan_cache(4, 8, regions_h=4, regions_w=8))
    cache = build_scan_cache(*GRID, regions_h=4, regions_w=8)
    orders = cache.global_orders.copy()
    orders[3, 0] = orders[3, 1]
    write_cache(folder / "broken.pkl", with_orders(cache, orders, cache.regional_orders.copy()))
    for name, verdict in (("small.pkl", "different-grid"), ("broken.pkl", "not-a-permutation")):
        pair = read_pair(str(folder / "cache.pkl"), str(folder / name))
        assert (pair.comparison.verdict, pair.places) == (verdict, None)


@given(st.integers(1, 400), st.integers(1, 3))
def test_binning_keeps_the_mean(length, rows):
    values = np.arange(length * rows, dtype=float).reshape(rows, length)
    shares = binned(values)
    assert shares.shape == (rows, min(length, MOST_BINS))
    widths = np.diff(np.linspace(0, length, shares.shape[1] + 1).astype(int))
    assert np.allclose((shares * widths).sum(axis=1), values.sum(axis=1))
