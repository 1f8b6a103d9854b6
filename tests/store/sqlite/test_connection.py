"""Whether a database could take something new: asked without changing anything."""

import sqlite3
from pathlib import Path

import pytest

from aqboard.domain.errors import StoreError
from aqboard.store.sqlite.connection import require_writable
from tests.store.conftest import dump, fill


def test_a_database_of_ours_can_and_is_left_as_it_is(filled: Path) -> None:
    before = dump(filled)
    require_writable(filled)
    assert dump(filled) == before


def test_one_that_is_still_to_be_made_can_and_is_not_made(path: Path) -> None:
    require_writable(path)
    assert list(path.parent.parent.iterdir()) == []


def test_one_that_is_held_just_now_can(filled: Path) -> None:
    before = dump(filled)
    holder = sqlite3.connect(filled, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    require_writable(filled)
    assert holder.in_transaction, "it is held all the while"
    holder.close()
    assert dump(filled) == before


@pytest.mark.parametrize("closed", ["file", "folder", "folder, nothing there"])
def test_who_may_not_write_there_is_told(closed: str, public_folder: Path, as_reader) -> None:
    path = public_folder / "board.db"
    if closed != "folder, nothing there":
        fill(path)
    public_folder.chmod(0o777 if closed == "file" else 0o555)
    if closed == "file":
        path.chmod(0o444)
    beside = sorted(public_folder.iterdir())
    with as_reader(), pytest.raises(StoreError, match=r"may not write it|no file can be written in") as told:
        require_writable(path)
    assert str(path) in told.value.message
    assert "--db" in told.value.message
    assert sorted(public_folder.iterdir()) == beside
    public_folder.chmod(0o755)


def test_a_path_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"no file can be written in .*file"):
        require_writable(tmp_path / "file" / "board.db")
    with pytest.raises(StoreError, match="is a folder"):
        require_writable(tmp_path)
    with pytest.raises(StoreError, match="is a device or pipe"):
        require_writable(Path("/dev/null"))
    with pytest.raises(StoreError, match="cannot be reached: File name too long"):
        require_writable(tmp_path / ("x" * 300))


def test_what_opening_refuses_is_refused(path: Path, mounted) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE cats (name)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        require_writable(path)
    mounted("fuse.sshfs")
    with pytest.raises(StoreError, match=r"fuse\.sshfs"):
        require_writable(path.with_name("new.db"))
