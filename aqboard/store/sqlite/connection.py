"""Open a database of ours, and only of ours; and say beforehand whether it could take something new."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from aqboard.domain.errors import StoreError
from aqboard.store.sqlite.access import BUSY_TIMEOUT_S, Access, access_to, connected
from aqboard.store.sqlite.backup import backups_of
from aqboard.store.sqlite.faults import advice, is_busy, why
from aqboard.store.sqlite.schema import bring_up_to_date, require_ours
from aqboard.store.sqlite.transaction import writing
from aqboard.store.sqlite.wal import has_log, require_sound_log

ELSEWHERE = "Name another with --db or AQBOARD_DB, or ask whoever owns it."


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


def require_writable(path: Path) -> None:
    """Raise StoreError when the database at `path` may not be written, or not be made where there is none yet.

    A database that there is, is opened as for any other work; none is made, and no file is left behind. One that
    somebody holds just now counts as writable: whoever writes later waits for it.
    """
    try:
        there = path.exists()
        if there and not path.is_file():
            raise StoreError(f"{path} is a {'folder' if path.is_dir() else 'device or pipe'}; --db names a file.")
    except OSError as error:
        raise StoreError(f"The database {path} cannot be reached: {error.strerror}.") from None
    if access_to(path).read_only:
        raise StoreError(f"The database {path} can take nothing new: this user may not write it. {ELSEWHERE}")
    if there:
        _try_to_write(path)
    else:
        _try_to_make(path)


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


def _try_to_write(path: Path) -> None:
    try:
        with closing(connect(path, create=False, wait_s=0.0)) as db, writing(db):
            pass
    except StoreError as error:
        if not is_busy(error):
            raise


def _try_to_make(path: Path) -> None:
    """By making a file without a name: on some shared file systems, rights that are shown are not those that count."""
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be made: no file can be written in {folder} ({error.strerror}). {ELSEWHERE}"
        ) from None
