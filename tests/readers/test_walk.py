"""Walks over trees with links, unreadable folders and files of many dates."""

import os
from pathlib import Path

import pytest

from aqboard.readers.caches.walk import Wanted, walk
from aqboard.readers.errors import ReadError


@pytest.fixture
def tree(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "a" / "b", root / "c", outside):
        folder.mkdir(parents=True)
    for name in ("a/cache1.pkl", "a/b/Wind_CACHE.pt", "c/notes.txt", "c/old_cache.pkl"):
        (root / name).write_bytes(b"x" * 10)
    (outside / "cache.pkl").write_bytes(b"x")
    os.utime(root / "c/old_cache.pkl", (1_000_000, 1_000_000))
    return root


def names(report, root):
    return [os.path.relpath(path, root) for path in report.candidates]


def test_names_match_whatever_their_case(tree):
    report = walk([tree], Wanted())
    assert names(report, tree) == ["a/cache1.pkl", "a/b/Wind_CACHE.pt", "c/old_cache.pkl"]
    assert (report.folders, report.files) == (4, 4)


def test_dates_bound_the_search(tree):
    assert names(walk([tree], Wanted(older=2_000_000)), tree) == ["c/old_cache.pkl"]
    assert "c/old_cache.pkl" not in names(walk([tree], Wanted(newer=2_000_000)), tree)


def test_links_are_not_followed_out_of_the_root(tree):
    (tree / "cache_out.pkl").symlink_to(tree.parent / "outside" / "cache.pkl")
    (tree / "cache_in.pkl").symlink_to(tree / "a" / "cache1.pkl")
    (tree / "cache_gone.pkl").symlink_to(tree / "nowhere")
    (tree / "cache_folder").symlink_to(tree.parent / "outside")
    (tree / "a" / "loop").symlink_to(tree)
    report = walk([tree], Wanted())
    assert "cache_in.pkl" in names(report, tree)
    assert len(report.candidates) == 4
    left_out = {Path(path).name for path in report.links_left_out}
    assert left_out == {"cache_out.pkl", "cache_gone.pkl", "cache_folder"}


def test_unreadable_folders_are_counted_and_named(tree, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).endswith("/a"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    report = walk([tree], Wanted())
    assert report.unreadable_folders == (str(tree / "a"),)
    assert names(report, tree) == ["c/old_cache.pkl"]


def test_large_files_are_named_not_read(tree):
    report = walk([tree], Wanted(largest=9))
    assert (len(report.too_large), report.candidates) == (3, ())


def test_progress_and_several_roots(tree):
    seen = []
    report = walk([tree / "a", tree / "c", tree / "a" / "cache1.pkl"], Wanted(), lambda *told: seen.append(told))
    assert len(report.candidates) == 3
    assert seen[-1][0] == report.folders == 3


def test_a_missing_root_is_an_error(tree):
    with pytest.raises(ReadError, match="does not exist"):
        walk([tree / "nowhere"], Wanted())
