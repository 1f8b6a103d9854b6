"""Backups made while others write, restoring, vacuuming, and what a check of the database says."""

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from aqboard.domain.errors import StoreError
from aqboard.store import Store
from aqboard.store.migrations import NAMES
from aqboard.store.sqlite.backup import KEPT, backups_of, folder_of
from aqboard.store.sqlite.maintenance import backup, inspect, restore, vacuum
from tests import samples
from tests.store.conftest import dump, fill


def test_a_sound_database_is_described(filled: Path) -> None:
    report = inspect(filled)
    assert report.faults == report.missing_steps == report.unknown_steps == report.notes == ()
    assert report.schema_steps == NAMES
    assert (report.journal, report.disk.locks, report.read_only) == ("wal", "local", False)
    assert report.rows["attempts"] == report.rows["findings"] == 1
    assert report.size == filled.stat().st_size


def test_a_row_that_refers_to_nothing_is_named(filled: Path) -> None:
    with sqlite3.connect(filled) as raw:
        raw.execute(
            "INSERT INTO findings (attempt, recorded_at, check_id, verdict, severity, data) "
            "VALUES ('nobody', '', 'a', 'pass', 'blocks', '{}')"
        )
    raw.close()
    assert inspect(filled).faults == ("Row 2 of findings refers to a row of attempts that is not there.",)


def test_looking_does_not_migrate(filled: Path) -> None:
    with sqlite3.connect(filled) as raw:
        raw.execute("DELETE FROM _sqlite_migrations WHERE name = ?", [NAMES[-1]])
        raw.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('aqboard', 'm999_x', '')")
    raw.close()
    report = inspect(filled)
    assert (report.missing_steps, report.unknown_steps) == ((NAMES[-1],), ("m999_x",))


@pytest.mark.parametrize("use", [inspect, backup, vacuum])
def test_without_a_database_there_is_nothing_to_look_after(use, path: Path) -> None:
    with pytest.raises(StoreError, match="There is no database"):
        use(path)
    assert not path.parent.exists()


@pytest.mark.parametrize("use", [inspect, backup, vacuum])
def test_another_programs_database_is_left_alone(use, tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE cats (name)")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        use(path)
    assert path.read_bytes() == before and not folder_of(path).exists()


# ------------------------------------------------------------------------------------------------ backups


def test_a_backup_made_while_others_write_is_whole_and_of_one_moment(filled: Path) -> None:
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        with Store(filled) as store:
            number = 1
            while not stop.is_set():
                uid = f"{number:032d}"
                store.add_attempt(samples.attempt(uid=uid))
                store.add_findings(uid, [samples.finding("a"), samples.finding("b")])
                started.set()
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        started.wait()
        copies = [backup(filled) for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    for copy in copies:
        assert inspect(copy).faults == ()
        with Store(copy) as store:
            rows = store.attempts()
        assert all(len(row.verdicts) == 2 for row in rows[1:-1]), "a judgement is there whole or not at all"


def test_a_backup_is_one_file_that_opens_where_nothing_can_be_written(public_folder: Path, as_reader) -> None:
    path = public_folder / "board.db"
    fill(path)
    copy = backup(path)
    assert list(copy.parent.iterdir()) == [copy]
    copy.parent.chmod(0o555)
    with as_reader(), Store(copy) as store:
        assert len(store.attempts()) == 1
    copy.parent.chmod(0o755)


def test_a_backup_goes_where_it_is_told_and_overwrites_nothing(filled: Path, tmp_path: Path) -> None:
    there = tmp_path / "elsewhere" / "copy.db"
    assert backup(filled, there) == there
    assert dump(there) == dump(filled)
    with pytest.raises(StoreError, match="never overwrites"):
        backup(filled, there)
    assert backups_of(filled) == ()


def test_old_backups_go_but_the_newest_of_each_schema_stays(filled: Path) -> None:
    folder = folder_of(filled)
    folder.mkdir()
    stem = filled.stem
    for name in ("m000_before.20200101T000000000000Z", "m000_before.20190101T000000000000Z"):
        (folder / f"{stem}.{name}.db").touch()
    (folder / "other.m000_before.20200101T000000000000Z.db").touch()
    (folder / f"{stem}.notes.txt").touch()
    made = [backup(filled) for _ in range(KEPT + 2)]
    assert backups_of(filled) == (*reversed(made[-KEPT:]), folder / f"{stem}.m000_before.20200101T000000000000Z.db")
    assert (folder / "other.m000_before.20200101T000000000000Z.db").exists()
    assert (folder / f"{stem}.notes.txt").exists()


def test_a_database_whose_name_begins_alike_keeps_its_own_backups(tmp_path: Path) -> None:
    fill(tmp_path / "a.db")
    fill(tmp_path / "a.b.db")
    copy = backup(tmp_path / "a.b.db")
    assert backups_of(tmp_path / "a.db") == ()
    assert backups_of(tmp_path / "a.b.db") == (copy,)


# ------------------------------------------------------------------------------------------------ restore


def test_a_backup_comes_back_and_what_was_there_is_kept_with_its_log(filled: Path) -> None:
    copy = backup(filled)
    before = dump(filled)
    with Store(filled) as store:
        store.add_attempt(samples.attempt(uid="1" * 32))
    aside = restore(copy, filled)
    assert dump(filled) == before
    assert aside is not None
    with Store(aside) as store:
        assert len(store.attempts()) == 2


def test_a_backup_becomes_a_database_where_none_was(filled: Path, tmp_path: Path) -> None:
    new = tmp_path / "new" / "board.db"
    assert restore(backup(filled), new) is None
    assert dump(new) == dump(filled)


def test_a_damaged_database_is_replaced_whatever_is_wrong_with_it(filled: Path) -> None:
    copy = backup(filled)
    before = dump(filled)
    for content in (b"", b"noise" * 5000, filled.read_bytes()[:5000]):
        filled.write_bytes(content)
        aside = restore(copy, filled)
        assert dump(filled) == before
        assert aside is not None and aside.read_bytes() == content
        aside.unlink()


def test_nothing_is_replaced_while_somebody_has_it_open(filled: Path) -> None:
    copy = backup(filled)
    before = dump(filled)
    with Store(filled) as store, pytest.raises(StoreError, match=r"not replaced.*another process"):
        store.attempts()
        restore(copy, filled)
    assert dump(filled) == before


@pytest.mark.parametrize("content", [None, b"", b"noise" * 2000])
def test_what_is_no_backup_replaces_nothing(content: bytes | None, filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    if content is not None:
        copy.write_bytes(content)
    before = dump(filled)
    with pytest.raises(StoreError, match=r"copy\.db"):
        restore(copy, filled)
    assert dump(filled) == before


def test_a_database_in_use_is_no_backup(filled: Path, tmp_path: Path) -> None:
    with Store(filled), pytest.raises(StoreError, match="no backup but a database in use"):
        restore(filled, tmp_path / "new.db")


# ------------------------------------------------------------------------------------------------ vacuum


def test_a_vacuum_gives_free_pages_back(filled: Path) -> None:
    with sqlite3.connect(filled) as raw:
        raw.execute("CREATE TABLE passing (x)")
        raw.execute("INSERT INTO passing VALUES (randomblob(500000))")
        raw.execute("DROP TABLE passing")
    raw.close()
    assert inspect(filled).free > 400_000
    rows = sorted(dump(filled))
    before, after = vacuum(filled)
    assert after < before - 400_000
    assert (inspect(filled).free, inspect(filled).journal, sorted(dump(filled))) == (0, "wal", rows)


def test_a_vacuum_waits_for_nobody_and_says_who_is_in_the_way(filled: Path) -> None:
    with Store(filled) as store:
        store.attempts()
        with pytest.raises(StoreError, match=r"not vacuumed: another process has it open.*fuser -v"):
            vacuum(filled)
    vacuum(filled)


def test_a_vacuum_by_a_reader_is_refused(public_folder: Path, as_reader) -> None:
    path = public_folder / "board.db"
    fill(path)
    path.chmod(0o444)
    with as_reader(), pytest.raises(StoreError, match="may not be written by this user"):
        vacuum(path)


def test_locks_of_this_process_survive_a_look_at_the_database(filled: Path) -> None:
    """Closing any descriptor of a file drops this process's locks on it: nothing here may open the file by itself."""
    program = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "try: c.execute('BEGIN IMMEDIATE'); print('free')\n"
        "except sqlite3.OperationalError as error: print(error)\n"
    )
    holder = sqlite3.connect(filled, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    holder.execute("UPDATE _sqlite_migrations SET applied_at = 'now'")
    inspect(filled)
    backup(filled)
    with Store(filled) as store:
        store.attempts()
    done = subprocess.run(
        [sys.executable, "-c", program, str(filled)], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "database is locked"
    holder.execute("ROLLBACK")
    holder.close()
