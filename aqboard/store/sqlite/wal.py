"""The write-ahead log beside a database: where it is, and whether it belongs to that database.

SQLite replays a log it finds, and has no way to see that it belongs to another file, e.g. because a backup was copied
over a database whose process had died. Replaying such a log destroys the copy. So a suspicious one is tried first,
without changing anything.
"""

import shutil
import sqlite3
import tempfile
import threading
from contextlib import closing
from pathlib import Path

from aqboard.domain.errors import StoreError
from aqboard.store.sqlite.backup import integrity

_SOUND: set[tuple[int, int, int, int]] = set()
"""States of database and log that this process has tried and found sound."""
_ONE_AT_A_TIME = threading.Lock()


def has_log(path: Path) -> bool:
    """Whether a write-ahead log with something in it lies beside the database."""
    try:
        return log_of(path).stat().st_size > 0
    except OSError:
        return False


def log_of(path: Path) -> Path:
    """The write-ahead log of a database."""
    return path.with_name(path.name + "-wal")


def require_sound_log(path: Path) -> None:
    """Raise StoreError when the log beside the database does not fit it; sqlite3 errors are the caller's.

    A log is suspicious when the index that its writers share is missing (files were copied, the machine died), or when
    the database changed after it. The latter also happens after an ordinary checkpoint, so each state is tried once.
    """
    with _ONE_AT_A_TIME:
        try:
            database, log = path.stat(), log_of(path).stat()
        except FileNotFoundError:
            return
        state = (database.st_ino, database.st_mtime_ns, log.st_mtime_ns, log.st_size)
        indexed = path.with_name(path.name + "-shm").exists()
        if log.st_size == 0 or state in _SOUND or (indexed and database.st_mtime_ns <= log.st_mtime_ns):
            return
        faults = _faults(path) if indexed else _faults_of_copy(path)
        if faults:
            raise StoreError(
                f"The log {log_of(path).name} does not fit the database {path} ({' '.join(faults[0].split())}). "
                "Nothing was changed. If the database was copied there by hand, move the log away and open it again."
            )
        _SOUND.add(state)


def _faults(path: Path) -> tuple[str, ...]:
    """What is wrong with the database and its log, seen by a reader: it never writes the log back on leaving."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader:
        return _faults_seen_by(reader)


def _faults_of_copy(path: Path) -> tuple[str, ...]:
    """The same for a log without its index, which even a reader would have to make.

    Closing a file that this process has open drops SQLite's locks on it; without an index nobody has it open.
    """
    with tempfile.TemporaryDirectory(prefix="aqboard-") as folder:
        copy = Path(folder) / "copy.db"
        try:
            shutil.copyfile(path, copy)
            shutil.copyfile(log_of(path), log_of(copy))
        except OSError as error:
            raise StoreError(f"The database {path} and its log cannot be read: {error}.") from None
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            return _faults_seen_by(connection)


def _faults_seen_by(connection: sqlite3.Connection) -> tuple[str, ...]:
    try:
        return integrity(connection, most=1)
    except sqlite3.DatabaseError as error:
        return (str(error),)
