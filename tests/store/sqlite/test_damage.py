"""Databases that are broken in the ways databases break: one sentence, nothing changed, and what to do."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aqboard.domain.errors import StoreError
from aqboard.store import Store
from aqboard.store.sqlite.maintenance import backup, inspect, vacuum
from aqboard.store.sqlite.wal import log_of
from tests import samples
from tests.store.conftest import dump, fill

Damage = Callable[[Path], None]


def cut_in_the_middle(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 - 100)


def cut_after_one_page(path: Path) -> None:
    os.truncate(path, 4096)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def no_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(random.Random(0).randbytes(512))


def random_pages(path: Path) -> None:
    """The header stays, as when another program wrote into the middle of the file."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(random.Random(0).randbytes(path.stat().st_size - 4096))


def state(path: Path) -> dict[str, bytes]:
    return {
        file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file() and "-shm" not in file.name
    }


@pytest.mark.parametrize("damage", [cut_in_the_middle, cut_after_one_page, empty, no_header, random_pages])
@pytest.mark.parametrize("saved", [True, False], ids=["with a backup", "without"])
def test_a_damaged_database_is_told_with_what_to_do_and_left_alone(damage: Damage, saved: bool, path: Path) -> None:
    fill(path, findings=200)
    copy = backup(path) if saved else None
    damage(path)
    before = state(path)
    for use in (read_all, append, vacuum, backup):
        with pytest.raises(StoreError) as told:
            use(path)
        assert str(path) in told.value.message or path.name in told.value.message
    with pytest.raises(StoreError) as told:
        read_all(path)
    assert (f"aqboard db restore {copy}" if copy else "There is no backup") in told.value.message
    assert len(inspect(path).faults) >= 1
    assert state(path) == before


def read_all(path: Path) -> None:
    with Store(path) as store:
        store.attempt(1)


def append(path: Path) -> None:
    with Store(path) as store:
        store.add_findings("0" * 32, [samples.finding()])


def test_one_page_of_noise_anywhere_is_a_sentence_or_harms_nothing(path: Path) -> None:
    fill(path, findings=60)
    sound = path.read_bytes()
    pages = len(sound) // 4096
    noise = random.Random(1)
    for page in range(1, pages):
        path.write_bytes(sound)
        with path.open("r+b") as file:
            file.seek(page * 4096)
            file.write(noise.randbytes(4096))
        report = inspect(path)
        try:
            read_all(path)
        except StoreError as error:
            assert report.faults, f"page {page}: {error.message}"
    path.write_bytes(sound)
    assert inspect(path).faults == ()


def test_an_empty_file_without_backups_may_become_a_database_but_is_not_one(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.touch()
    with pytest.raises(StoreError, match="empty"):
        Store(path)
    fill(path)
    assert inspect(path).faults == ()


# ------------------------------------------------------------------- logs that a dead process left behind


def killed_writer(path: Path, uid: str = "1" * 32) -> None:
    """A process that has written to the database and dies before its log is in the main file."""
    program = (
        "import os, sys; from pathlib import Path; from aqboard.store import Store; from tests import samples\n"
        "store = Store(Path(sys.argv[1]), create=True)\n"
        "store.add_attempt(samples.attempt(uid=sys.argv[2]))\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path), uid], check=False)
    assert done.returncode == -signal.SIGKILL
    assert log_of(path).stat().st_size > 0


def shared_memory(path: Path) -> Path:
    return path.with_name(path.name + "-shm")


@pytest.mark.parametrize("indexed", [True, False], ids=["as it died", "copied without its index"])
def test_what_a_killed_writer_has_stored_is_there(indexed: bool, filled: Path) -> None:
    killed_writer(filled)
    if not indexed:
        shared_memory(filled).unlink()
    with Store(filled) as store:
        assert len(store.attempts()) == 2
    assert inspect(filled).faults == ()


def test_a_database_that_lost_its_log_is_as_old_as_its_main_file(filled: Path) -> None:
    killed_writer(filled)
    log_of(filled).unlink()
    shared_memory(filled).unlink()
    with Store(filled) as store:
        assert len(store.attempts()) == 1
    assert inspect(filled).faults == ()


@pytest.mark.parametrize("indexed", [True, False], ids=["with its index", "without"])
def test_a_log_of_another_database_is_not_replayed(indexed: bool, path: Path, tmp_path: Path) -> None:
    """A backup that was copied over a database by hand, while the log of a killed process lay beside it."""
    backup_file = tmp_path / "backup.db"
    fill(backup_file, findings=300)
    path.parent.mkdir()
    fill(path)
    killed_writer(path)
    shutil.copyfile(backup_file, path)
    if not indexed:
        shared_memory(path).unlink()
    before = state(path)
    for use in (read_all, append, vacuum, backup):
        with pytest.raises(StoreError, match=r"log.*does not fit.*Nothing was changed.*move the log away"):
            use(path)
    assert "does not fit" in inspect(path).faults[0]
    assert state(path) == before
    log_of(path).unlink()
    assert dump(path) == dump(backup_file)
