"""Open a database of ours, and only of ours."""

import sqlite3
from pathlib import Path

from sqlite_utils import Database

from aqboard.domain.errors import StoreError
from aqboard.store.access import BUSY_TIMEOUT_S, Access, access_to, connected, has_log
from aqboard.store.backup import backups_of
from aqboard.store.faults import advice, why
from aqboard.store.log import require_sound_log
from aqboard.store.schema import bring_up_to_date, require_ours
from aqboard.store.transaction import writing

__all__ = ["connect", "writing"]


def connect(path: Path, access: Access | None = None, *, create: bool, wait_s: float = BUSY_TIMEOUT_S) -> Database:
    """A migrated connection to the database at `path`. Close it in the thread that opened it.

    Raises StoreError when there is no such file and `create` is false, when the file is empty, damaged, not an SQLite
    database, belongs to another program, or was written by a newer aqboard, and where its disk's locks cannot be
    trusted. Whatever it refuses, it leaves as it was.
    """
    if not _exists(path) and not create:
        raise StoreError(f"There is no database at {path}. `aqboard check PLAN --db {path}` makes one.")
    access = access or access_to(path)
    if create:
        _make_folder(path)
    _refuse_empty(path, create=create)
    connection: sqlite3.Connection | None = None
    try:
        if not access.read_only:
            require_sound_log(path)
        connection = connected(path, access, timeout_s=wait_s)
        _prepare(connection, path, access)
        db = Database(connection)
        bring_up_to_date(db, path, access)
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        raise StoreError(f"{path} cannot be used as aqboard's database: {why(error, path, wait_s)}") from error
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return db


def _prepare(connection: sqlite3.Connection, path: Path, access: Access) -> None:
    """Set the journal mode of a database of ours; another program's is not touched."""
    shared = access.journal != "wal"
    if shared:  # without this, a database that still has a write-ahead log would need memory shared between machines
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    require_ours(connection, path)
    if not access.read_only:
        connection.execute(f"PRAGMA journal_mode={access.journal}")
    if shared:
        connection.execute("PRAGMA locking_mode=NORMAL")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # only now is the lock let go
    connection.execute("PRAGMA foreign_keys=ON")


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise StoreError(f"The database {path} cannot be reached: {error.strerror}.") from None


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder for the database {path} cannot be made: {error.strerror}.") from error
    if path.is_dir():
        raise StoreError(f"{path} is a folder; --db names a file.")


def _refuse_empty(path: Path, *, create: bool) -> None:
    """An empty file may be a database that another process is making right now, or all that is left of one."""
    if path.exists() and path.stat().st_size == 0 and not has_log(path) and (backups_of(path) or not create):
        raise StoreError(f"{path} is empty (0 bytes): there is no database in it. {advice(path)}")
