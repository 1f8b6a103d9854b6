"""Digests of files, and what is remembered of them."""

import hashlib
import os

import pytest

from aqboard.readers import digest
from aqboard.readers.digest import cache_folder, file_digest
from aqboard.readers.errors import ReadError

LARGE = bytes(range(256)) * (5 << 12)


def test_digests_are_those_of_hashlib(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(LARGE)
    steps = []
    found = file_digest(path, lambda done, total: steps.append((done, total)))
    assert found.md5 == hashlib.md5(LARGE).hexdigest()
    assert found.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert (found.size, found.mtime) == (len(LARGE), path.stat().st_mtime)
    assert steps[-1] == (len(LARGE), len(LARGE))


def test_a_large_file_is_not_read_twice(tmp_path, monkeypatch):
    path = tmp_path / "file.bin"
    path.write_bytes(LARGE)
    first = file_digest(path)
    monkeypatch.setattr(digest, "_stream", lambda *_: pytest.fail("read again"))
    assert file_digest(path) == first


def test_a_changed_file_is_read_again_even_with_its_old_date(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(LARGE)
    first, before = file_digest(path), path.stat()
    path.write_bytes(LARGE[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file_digest(path).sha256 == hashlib.sha256(LARGE[::-1]).hexdigest() != first.sha256


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"md5": "short", "sha256": "too"}'])
def test_a_damaged_memory_is_ignored(tmp_path, content):
    path = tmp_path / "file.bin"
    path.write_bytes(LARGE)
    file_digest(path)
    (memory,) = (cache_folder() / "digests").iterdir()
    memory.write_text(content)
    assert file_digest(path).md5 == hashlib.md5(LARGE).hexdigest()


def test_an_unwritable_memory_changes_nothing(tmp_path, monkeypatch):
    blocked = tmp_path / "a-file-not-a-folder"
    blocked.write_text("x")
    monkeypatch.setenv("AQBOARD_CACHE_DIR", str(blocked))
    path = tmp_path / "file.bin"
    path.write_bytes(LARGE)
    assert file_digest(path).md5 == hashlib.md5(LARGE).hexdigest()


@pytest.mark.parametrize(("name", "code"), [("missing", "not-found"), ("folder", "not-a-file"), ("empty", "empty")])
def test_what_is_no_file_is_told_apart(tmp_path, name, code):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    with pytest.raises(ReadError) as caught:
        file_digest(tmp_path / name)
    assert caught.value.code == code
