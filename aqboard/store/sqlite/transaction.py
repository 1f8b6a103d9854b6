"""Write without losing to another writer, or say in words why not; read one moment while others write."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from aqboard.domain.errors import StoreError
from aqboard.store.sqlite.faults import why


@contextmanager
def writing(db: Database) -> Iterator[None]:
    """One write transaction, kept short; raises StoreError when the database cannot be written.

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
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # a fault of this program, not of the database
    except sqlite3.DatabaseError as error:
        path = path_of(db)
        (waited_ms,) = db.conn.execute("PRAGMA busy_timeout").fetchone()
        raise StoreError(
            f"The database {path} could not be written: {why(error, path, waited_ms / 1000)} This step was not "
            "stored, everything before it was."
        ) from error


@contextmanager
def reading(db: Database) -> Iterator[None]:
    """One moment of the database: what others write meanwhile is not seen inside. A transaction is joined."""
    if db.conn.in_transaction:
        yield
        return
    db.conn.execute("BEGIN")
    try:
        yield
    finally:
        db.conn.rollback()


def path_of(db: Database) -> Path:
    """The file behind a connection."""
    return Path(next(row[2] for row in db.conn.execute("PRAGMA database_list") if row[1] == "main"))
