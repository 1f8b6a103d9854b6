"""Every verdict, on real files; figures held against plain implementations."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.readers.caches.compare import compare_caches, group_caches, sector_displacements
from aqboard.readers.caches.order_metrics import kendall_tau, valid_rows
from aqboard.readers.caches.scan_cache import build_scan_cache
from aqboard.readers.errors import ReadError
from tests.readers.cache_files import KEYS, float32_orders, replaced, small_cache, swapped, team_dict, write_pickle


def compared(tmp_path, a, b):
    return compare_caches(
        write_pickle(tmp_path / "a.pkl", team_dict(a)), write_pickle(tmp_path / "b.pkl", team_dict(b))
    )


def test_the_story_other_key_order_is_the_same_content(tmp_path):
    a = write_pickle(tmp_path / "a.pkl", team_dict(small_cache()))
    b = write_pickle(tmp_path / "b.pkl", team_dict(small_cache(), keys=KEYS[::-1]))
    found = compare_caches(a, b)
    assert found.verdict == "same-content"
    assert found.same_content
    assert found.a.file.md5 != found.b.file.md5
    assert "key order: the same keys in another order" in found.byte_reasons


def test_a_copy_is_identical(tmp_path):
    a = write_pickle(tmp_path / "a.pkl", team_dict(small_cache()))
    b = tmp_path / "b.pkl"
    b.write_bytes(a.read_bytes())
    found = compare_caches(a, b)
    assert (found.verdict, found.byte_reasons) == ("identical", ())
    assert found.a.equals_generator


def test_one_swap_is_found_and_measured(tmp_path):
    cache = build_scan_cache(8, 16, num_sectors=8, regions_h=4, regions_w=4)
    found = compared(tmp_path, cache, swapped(cache, sector=3))
    assert found.verdict == "orders-differ"
    changed = [sector.sector for sector in found.sectors if sector.changed_share]
    assert changed == [3]
    sector = found.sectors[3]
    assert sector.changed_share == 2 / 128
    assert (sector.max_displacement, sector.mean_displacement) == (1, 2 / 128)
    assert sector.kendall_tau == pytest.approx(1 - 4 / (128 * 127))
    assert not found.b.equals_generator


def test_reversed_orders_are_named(tmp_path):
    cache = small_cache()
    found = compared(tmp_path, cache, replaced(cache, global_orders=cache.global_orders[:, ::-1].copy()))
    assert all(sector.reversed and sector.kendall_tau == -1 for sector in found.sectors)


def test_another_precision_changes_only_ties(tmp_path):
    cache = build_scan_cache(32, 64, num_sectors=16, regions_h=8, regions_w=8)
    found = compared(tmp_path, cache, float32_orders(cache))
    assert found.verdict == "tie-order-only"
    assert {8, 12} <= {sector.sector for sector in found.sectors if sector.tie_only}
    assert 0.7 < found.sectors[8].changed_share < found.sectors[12].changed_share < 0.82


def test_regional_orders_count_too(tmp_path):
    cache = small_cache()
    regional = cache.regional_orders.copy()
    regional[5, 2] = regional[5, 2, ::-1]
    found = compared(tmp_path, cache, replaced(cache, regional_orders=regional))
    assert found.verdict == "orders-differ"
    assert (found.sectors[2].changed_share, found.sectors[2].regions_changed) == (0, 1)
    assert found.b.regional_tables_distinct == 2


def test_shifted_angles_are_metadata(tmp_path):
    cache = small_cache()
    found = compared(tmp_path, cache, replaced(cache, sector_angles=cache.sector_angles + 1e-6))
    assert found.verdict == "metadata-differs"
    assert "sector angles differ" in found.summary


def test_a_repeated_patch_is_no_permutation(tmp_path):
    cache = small_cache()
    orders = cache.global_orders.copy()
    orders[1, 7] = orders[1, 8]
    orders[1, 9] = 4000
    found = compared(tmp_path, cache, replaced(cache, global_orders=orders))
    assert found.verdict == "not-a-permutation"
    assert "sector 1" in found.summary
    assert "1 indices outside 0..127, 1 repeated" in found.summary
    assert found.sectors[1].kendall_tau is None


def test_a_broken_cache_is_not_excused_by_being_a_copy(tmp_path):
    orders = small_cache().global_orders.copy()
    orders[0] = 0
    a = write_pickle(tmp_path / "a.pkl", team_dict(small_cache(global_orders=orders)))
    assert compare_caches(a, a).verdict == "not-a-permutation"


def test_other_grids_are_not_compared(tmp_path):
    other = build_scan_cache(16, 8, num_sectors=8, regions_h=4, regions_w=4)
    found = compared(tmp_path, small_cache(), other)
    assert (found.verdict, found.sectors) == ("different-grid", ())
    assert "grid_h 8 and 16" in found.summary
    with pytest.raises(ReadError, match="different grids"):
        sector_displacements(small_cache(), other)


def test_groups_put_md5s_beside_content(tmp_path):
    cache = small_cache()
    paths = [
        write_pickle(tmp_path / "a.pkl", team_dict(cache)),
        write_pickle(tmp_path / "b.pkl", team_dict(cache, keys=KEYS[::-1])),
        write_pickle(tmp_path / "other.pkl", team_dict(swapped(cache))),
        tmp_path / "missing.pkl",
    ]
    groups = group_caches(paths)
    assert [len(group.paths) for group in groups.groups] == [2, 1]
    assert len(groups.groups[0].md5s) == 2
    assert [group.equals_generator for group in groups.groups] == [True, False]
    assert [entry.code for entry in groups.unreadable] == ["not-found"]


@given(st.permutations(range(9)), st.permutations(range(9)))
def test_kendall_tau_counts_pairs_in_opposite_order(a, b):
    opposite = sum(
        (a.index(i) < a.index(j)) != (b.index(i) < b.index(j)) for i, j in itertools.combinations(range(9), 2)
    )
    assert kendall_tau(np.array(a), np.array(b)) == pytest.approx(1 - 4 * opposite / (9 * 8))


@given(st.lists(st.lists(st.integers(-2, 6), min_size=5, max_size=5), min_size=1, max_size=4))
def test_valid_rows_are_the_permutations(rows):
    assert valid_rows(np.array(rows)).tolist() == [sorted(row) == [0, 1, 2, 3, 4] for row in rows]


def test_a_roll_by_one_hides_from_tau_but_not_from_the_share(tmp_path):
    cache = small_cache()
    found = compared(tmp_path, cache, replaced(cache, global_orders=np.roll(cache.global_orders, 1, axis=1)))
    assert all(sector.changed_share == 1 and sector.kendall_tau > 0.96 for sector in found.sectors)
