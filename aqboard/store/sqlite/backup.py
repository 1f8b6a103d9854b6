"""Copies of a database that are whole: made by SQLite while others write, verified, and named by schema and time."""

import os
import re
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from aqboard.domain.errors import StoreError

KEPT = 10
"""Backups that stay in the folder; beyond them only the newest of each schema does."""


def backups_of(path: Path) -> tuple[Path, ...]:
    """The backups beside a database, newest first."""
    ours = re.compile(rf"{re.escape(path.stem)}\.m\d+_\w+\.(\d{{8}}T\d{{12}}Z)\.db")
    found = ((match[1], file) for file in folder_of(path).glob("*.db") if (match := ours.fullmatch(file.name)))
    return tuple(file for _, file in sorted(found, reverse=True))


def folder_of(path: Path) -> Path:
    """Where the backups of a database lie: `backups/` beside it."""
    return path.parent / "backups"


def make_backup(source: sqlite3.Connection, path: Path, schema: str, to: Path | None = None) -> Path:
    """Copy the database behind `source` into `backups/` beside `path`, or to the file `to`; returns the copy.

    The copy is one file that needs no log beside it. It gets its name only after its integrity was verified.
    Raises StoreError when the copy cannot be made or is not whole, or when `to` exists.
    """
    target = to or _free_name(path, schema)
    if target.exists():
        raise StoreError(f"{target} exists already; a backup never overwrites a file. Name another.")
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            # In one go: a copy in steps starts anew whenever somebody writes in between. With a write-ahead log
            # nobody waits for it.
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            faults = integrity(copy)
        if faults:
            raise StoreError(f"The backup of {path} is not whole ({faults[0]}), so it was not kept.")
        _to_disk(draft)
        draft.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"No backup could be written to {target}: {error}.") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    if to is None:
        _prune(path)
    return target


def integrity(connection: sqlite3.Connection, most: int = 20) -> tuple[str, ...]:
    """What SQLite's own integrity check complains about; empty when the file is whole."""
    lines = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({most:d})")]
    return () if lines == ["ok"] else tuple(lines)


def _free_name(path: Path, schema: str) -> Path:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ").replace(".", "")
    return folder_of(path) / f"{path.stem}.{schema}.{now}.db"


def _prune(path: Path) -> None:
    """Remove old backups, but never the newest of a schema: it may be the way back from a migration."""
    seen: set[str] = set()
    for index, backup in enumerate(backups_of(path)):
        schema = backup.name.split(".")[-3]
        if index >= KEPT and schema in seen:
            backup.unlink(missing_ok=True)
        seen.add(schema)


def _to_disk(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
