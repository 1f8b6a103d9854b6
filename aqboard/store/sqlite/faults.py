"""What SQLite says, in words that help: one sentence for each way in which a database cannot be used."""

import sqlite3
from pathlib import Path

from aqboard.domain.errors import StoreError
from aqboard.store.sqlite.access import BUSY_TIMEOUT_S
from aqboard.store.sqlite.backup import backups_of
from aqboard.store.sqlite.wal import log_of

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
REASONS: dict[int, str] = {
    sqlite3.SQLITE_BUSY: (
        "it is locked, another process has held it for more than {waited_s:g} s. Try again; "
        "`fuser -v {path}` shows who has it open."
    ),
    sqlite3.SQLITE_READONLY: "this user may not write the file or its folder.",
    sqlite3.SQLITE_FULL: "the disk is full, or a quota is used up. Make room and try again.",
    sqlite3.SQLITE_IOERR: "the disk reported an error ({error}). Look at free space, quotas and the file system.",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened ({error}). Look at the rights of the file and of its folder.",
    sqlite3.SQLITE_PROTOCOL: "locks do not work where it lies ({error}). Name a file on a local disk with --db.",
}
"""SQLite's primary result code -> why, and what to do."""


def why(error: sqlite3.Error, path: Path, waited_s: float = BUSY_TIMEOUT_S) -> str:
    """The reason behind an error, and what to do next; ends with a full stop.

    `waited_s`: how long the connection waits for a lock, in seconds.
    """
    code = primary_code(error)
    if code in DAMAGED:
        return f"it is damaged, or not an SQLite database ({error}). Nothing was changed. {advice(path)}"
    return REASONS.get(code, "{error}.").format(path=path, error=error, waited_s=waited_s)


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for an error that Python's own module raised."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_busy(error: StoreError) -> bool:
    """Whether another process holds the database, so that the same will work later."""
    cause = error.__cause__
    return isinstance(cause, sqlite3.OperationalError) and primary_code(cause) == sqlite3.SQLITE_BUSY


def advice(path: Path) -> str:
    """What to do about a damaged database: the newest backup, by name."""
    backups = backups_of(path)
    log = f" Keep {log_of(path).name} with it." if log_of(path).exists() else ""
    if not backups:
        return (
            f"There is no backup in {path.parent / 'backups'}; keep the file, `sqlite3 {path.name} .recover` may save "
            f"rows, and name another with --db.{log}"
        )
    return f"`aqboard db restore {backups[0]} --db {path}` goes back to the newest backup and keeps the damaged file."
