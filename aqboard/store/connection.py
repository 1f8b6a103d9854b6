"""Open a database of ours, and only of ours, and write to it without losing to another writer."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from aqboard.domain.errors import StoreError
from aqboard.store.migrations import MIGRATIONS, NAMES

APPLICATION_ID = 0x41514244  # "AQBD", SQLite's own field for telling one program's files from another's
BUSY_TIMEOUT_S = 10.0


@contextmanager
def writing(db: Database) -> Iterator[None]:
    """One write transaction.

    BEGIN IMMEDIATE takes the write lock at once: a deferred transaction that reads first and writes later
    cannot be upgraded while another writer is active, and fails with "database is locked". Within another one it
    joins that: all of it is stored, or nothing.
    """
    if db.conn.in_transaction:
        yield
        return
    try:
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.conn.commit()
        except BaseException:
            db.conn.rollback()
            raise
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"The database could not be written: {error}. This step was not stored, everything before it was."
        ) from error


def connect(path: Path, *, create: bool) -> Database:
    """A migrated connection to the database at `path`. Close it in the thread that opened it.

    Raises StoreError when there is no such file and `create` is false, when the file is not an SQLite database,
    belongs to another program, or was written by a newer aqboard.
    """
    if not create and not path.is_file():
        raise StoreError(f"There is no database at {path}. `aqboard check PLAN --db {path}` makes one.")
    if create:
        _make_folder(path)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        _require_ours(connection, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        db = Database(connection)
        _migrate(db, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StoreError(f"{path} cannot be used as aqboard's database: {error}. Name another with --db.") from error
    except BaseException:
        connection.close()
        raise
    return db


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder for the database {path} cannot be made: {error.strerror}.") from error
    if path.is_dir():
        raise StoreError(f"{path} is a folder; --db names a file.")


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise StoreError(
            f"{path} is an SQLite database of another program. Nothing was changed; name another with --db."
        )


def _migrate(db: Database, path: Path) -> None:
    applied = _applied(db)
    unknown = [name for name in applied if name not in NAMES]
    if unknown:
        raise StoreError(
            f"{path} was written by a newer aqboard: its schema has {unknown[-1]!r}, "
            f"this one knows up to {NAMES[-1]!r}. Update aqboard; nothing was changed."
        )
    if len(applied) < len(NAMES):
        # Several processes may open a new database at once: the lock makes one migrate and the others find it done.
        with writing(db):
            db.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            MIGRATIONS.apply(db)


def _applied(db: Database) -> list[str]:
    return [migration.name for migration in MIGRATIONS.applied(db)]
