"""Databases on shared disks, databases that may only be read, and databases that somebody else holds."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from aqboard.domain.errors import StoreError
from aqboard.store import Store
from aqboard.store.sqlite import access, faults
from tests import samples
from tests.store.conftest import dump, fill


def test_on_a_local_disk_the_log_is_written_ahead(filled: Path) -> None:
    with Store(filled) as store:
        assert store.db.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store.db.conn.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert store.db.conn.execute("PRAGMA busy_timeout").fetchone() == (10_000,)
        assert store.access.notes == ()


def test_on_a_shared_disk_there_is_no_log_and_no_shared_memory(mounted, path: Path) -> None:
    mounted("lustre", "rw,flock")
    with Store(path, create=True) as store, Store(path) as other:
        assert "rollback journal" in store.access.notes[0]
        store.add_attempt(samples.attempt())
        other.add_attempt(samples.attempt(uid="1" * 32))
        assert len(store.attempts()) == 2
        assert [file.name for file in path.parent.iterdir() if file.suffix != ".db"] == [f"{path.name}-journal"]
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_database_that_comes_from_a_local_disk_changes_its_journal_without_loss(mounted, filled: Path) -> None:
    before = dump(filled)
    mounted("nfs4")
    with Store(filled) as store:
        assert len(store.attempts()) == 1
        assert not filled.with_name(filled.name + "-shm").exists()
    assert dump(filled) == before


def test_a_doubtful_disk_is_refused_before_anything_is_made(mounted, path: Path) -> None:
    mounted("fuse.sshfs")
    with pytest.raises(StoreError, match=r"fuse\.sshfs"):
        Store(path, create=True)
    assert not path.parent.exists()


@pytest.mark.parametrize("mode", [0o444, 0o644], ids=["file", "folder"])
@pytest.mark.parametrize("kind", ["ext4", "lustre"])
def test_who_may_not_write_reads_and_is_told_at_the_first_write(
    kind: str, mode: int, public_folder: Path, as_reader, mounted, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = public_folder / "board.db"
    monkeypatch.setattr(access, "disk_of", lambda _: access.Disk(kind=kind, locks=KINDS[kind]))
    fill(path)
    beside = sorted(public_folder.iterdir())
    path.chmod(mode)
    public_folder.chmod(0o777 if mode == 0o444 else 0o555)
    with as_reader(), Store(path) as store:
        assert store.access.read_only
        assert "nothing can be recorded" in store.access.notes[0]
        assert [row.number for row in store.attempts()] == [1]
        with pytest.raises(StoreError, match=r"could not be written: this user may not write the file or its folder"):
            store.add_attempt(samples.attempt(uid="1" * 32))
        assert sorted(public_folder.iterdir()) == beside, "a reader leaves nothing behind"
    public_folder.chmod(0o755)


KINDS = {"ext4": access.Locks.LOCAL, "lustre": access.Locks.EVERYWHERE}


def test_a_reader_sees_what_a_writer_has_not_yet_put_into_the_main_file(public_folder: Path, as_reader) -> None:
    path = public_folder / "board.db"
    with Store(path, create=True) as writer:
        writer.add_attempt(samples.attempt())
        for file in public_folder.iterdir():
            file.chmod(0o644)
        with as_reader(), Store(path) as store:
            assert store.access.read_only or os.geteuid() != 0
            assert len(store.attempts()) == 1


def test_a_database_that_is_locked_for_long_is_told_in_words(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = sqlite3.connect(filled, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Store(filled, wait_s=0.05) as store:
        with pytest.raises(StoreError, match=r"another process has held it for more than 0\.05 s.*fuser -v") as told:
            store.add_attempt(samples.attempt(uid="1" * 32))
        assert str(filled) in told.value.message
        assert len(store.attempts()) == 1, "reading goes on"
    holder.close()


def test_who_waits_gets_the_lock_when_it_is_let_go(filled: Path) -> None:
    holder = sqlite3.connect(filled, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waiting = threading.Event()

    def write() -> None:
        with Store(filled) as store:
            waiting.set()
            store.add_attempt(samples.attempt(uid="1" * 32))

    thread = threading.Thread(target=write)
    thread.start()
    waiting.wait()
    holder.execute("COMMIT")
    thread.join()
    holder.close()
    with Store(filled) as store:
        assert len(store.attempts()) == 2


@pytest.mark.parametrize("code", sorted(faults.REASONS))
def test_every_reason_is_a_sentence(code: int) -> None:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code | (7 << 8)  # an extended code
    text = faults.why(error, Path("/x/board.db"))
    assert text.endswith(".") and "{" not in text


def test_an_error_without_a_code_is_passed_on() -> None:
    assert faults.why(sqlite3.OperationalError("something else"), Path("/x")) == "something else."
