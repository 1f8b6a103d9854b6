from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.cache import CacheFault
from aqboard.domain.evidence.scan import CacheEvidence
from aqboard.readers.caches.compare import group_caches, read_pair
from aqboard.readers.caches.scan_cache import build_scan_cache
from aqboard.show.caches import (
    cache_facts,
    candidate_rows,
    difference_sentences,
    group_names,
    order_sentences,
    pair_sentence,
    sector_rows,
    short_names,
)
from tests.sample_attempts import GRID, write_cache, write_files


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


def test_sectors_that_differ_say_how_and_by_how_much(folder):
    found = read_pair(str(folder / "cache.pkl"), str(folder / "reversed.pkl")).comparison
    rows = sector_rows(found.sectors)
    assert {row["kind"] for row in rows} == {"reversed"} and rows[0]["Kendall tau"] == "-1.0000"
    assert (rows[4]["towards"], rows[4]["changed"], rows[4]["regions"].endswith("%)")) == ("90°", "100.0%", True)
    assert difference_sentences(found) == ()


def test_one_cache_is_told_with_its_digests_and_its_orders(folder, evidence):
    planned = evidence("cache.pkl").planned
    facts = dict(cache_facts(planned))
    assert (facts["grid"], facts["MD5"]) == ("8 x 16 patches, 16 sectors", planned.file.md5)
    assert order_sentences(planned) == ("✅ every order is a permutation",)
    fault = CacheFault(scope="global", sector=2, tables=1, detail="0 appears twice")
    assert order_sentences(planned.model_copy(update={"faults": (fault,)})) == (
        "❌ global order of sector 2 is no permutation (1 table(s)): 0 appears twice",
    )


def test_two_files_of_one_content_say_why_their_bytes_differ(folder):
    found = read_pair(str(folder / "cache.pkl"), str(folder / "same_content.pkl")).comparison
    assert any("key order" in sentence for sentence in difference_sentences(found))
