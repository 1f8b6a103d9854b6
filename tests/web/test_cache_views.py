from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.evidence import CacheEvidence
from aqboard.readers.caches.cache_pair import read_pair
from aqboard.readers.caches.compare import group_caches
from aqboard.readers.caches.scan_cache import build_scan_cache
from aqboard.web.figures.caches import MOST_BINS, binned, displacement_figure, order_figure
from aqboard.web.tables.caches import candidate_rows, group_names, pair_sentence, sector_rows, short_names
from tests.sample_attempts import GRID, with_orders, write_cache, write_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path)
    return tmp_path


@pytest.fixture
def evidence(folder: Path) -> Callable[..., CacheEvidence]:
    def made(*names: str, trained_with: str = "") -> CacheEvidence:
        groups = group_caches([folder / name for name in names])
        return CacheEvidence(groups=groups, planned=groups.facts[0], trained_with=trained_with, grid=GRID)

    return made


def test_equal_digests_get_equal_letters():
    assert group_names(["x", "y", "x"]) == {"x": "A", "y": "B"}
    letters = list(group_names([str(i) for i in range(60)]).values())
    assert letters[25:28] == ["Z", "A2", "B2"] and len(set(letters)) == 60


def test_two_md5s_of_one_content_are_one_content_group(evidence):
    made = evidence("cache.pkl", "same_content.pkl", "reversed.pkl")
    made = made.model_copy(update={"trained_with": made.planned.digests.content})
    rows = candidate_rows(made)
    assert [row["MD5 group"][0] for row in rows] == ["A", "B", "C"]
    assert [row["content group"][0] for row in rows] == ["A", "A", "B"]
    assert [row["training's"] for row in rows] == ["✅ yes", "✅ yes", "❌ no"]
    assert [row["generator's"] for row in rows] == ["✅ yes", "✅ yes", "no"]
    assert [row["role"] for row in rows] == ["the plan's cache", "candidate", "candidate"]


def test_an_unrecorded_training_cache_is_not_called_wrong(evidence):
    assert {row["training's"] for row in candidate_rows(evidence("cache.pkl", "reversed.pkl"))} == {"not recorded"}


def test_each_pair_gets_the_sentence_its_digests_allow(evidence, folder):
    write_cache(folder / "small.pkl", build_scan_cache(4, 8, regions_h=4, regions_w=8))
    same, other, small = (
        evidence("cache.pkl", name).groups.facts for name in ("same_content.pkl", "reversed.pkl", "small.pkl")
    )
    assert pair_sentence(*same).startswith("✅ same content") and "key order" in pair_sentence(*same)
    assert pair_sentence(*other) == "❌ different content: global orders and regional orders differ."
    assert pair_sentence(*small) == "❌ different grids: 8 x 16 and 4 x 8 patches."
    assert pair_sentence(same[0], same[0]).startswith("✅ identical")


@given(st.lists(st.sampled_from(["/a/x.pkl", "/b/x.pkl", "/b/c/x.pkl", "/b/y.pkl", "x.pkl"]), unique=True))
def test_short_names_tell_files_apart_and_end_as_their_paths_do(paths):
    names = short_names(paths)
    assert len(set(names)) == len(paths)
    assert all(path.endswith(name) for path, name in zip(paths, names, strict=True))


def test_short_names_stop_at_the_whole_path():
    assert short_names(["/a/x.pkl", "/a/x.pkl"]) == ["//a/x.pkl", "//a/x.pkl"]


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
    rows = sector_rows(pair.comparison.sectors)
    assert {row["kind"] for row in rows} == {"reversed"} and rows[0]["Kendall tau"] == "-1.0000"


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
