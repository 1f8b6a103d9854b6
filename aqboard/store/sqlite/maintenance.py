"""Look after a database: is it whole, how large is it, how to make it small again, and how to go back to a backup.

Nothing is migrated here. Copying a backup over a database by hand is how databases die: a log that the old one left
behind is replayed into it. So a restore moves what was there aside, its log with it.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field
from sqlite_utils import Database

from aqboard.domain.errors import StoreError
from aqboard.domain.model import Record
from aqboard.store.migrations import NAMES
from aqboard.store.sqlite.access import Access, access_to, connected
from aqboard.store.sqlite.backup import backups_of, integrity, make_backup
from aqboard.store.sqlite.faults import DAMAGED, primary_code, why
from aqboard.store.sqlite.filesystem import Disk
from aqboard.store.sqlite.schema import applied, require_ours
from aqboard.store.sqlite.wal import log_of, require_sound_log

ALONE_WITHIN_S = 2.0
"""How long a vacuum or a restore waits for others to close the database, in seconds."""
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; it belongs to that database alone."""


class DatabaseReport(Record):
    """What `inspect` found. Sizes are in bytes."""

    path: Path
    faults: tuple[str, ...] = ()
    """What is wrong, one sentence each; empty when the database is whole."""
    schema_steps: tuple[str, ...] = ()
    missing_steps: tuple[str, ...] = ()
    """Steps that this program adds when it next opens the database for its work."""
    unknown_steps: tuple[str, ...] = ()
    """Steps of a newer aqboard."""
    size: int
    log_size: int
    free: int = 0
    """Bytes within `size` that a vacuum would give back."""
    rows: dict[str, int] = Field(default_factory=dict)
    """Table to number of rows."""
    journal: str = ""
    disk: Disk
    read_only: bool
    notes: tuple[str, ...] = ()
    backups: tuple[Path, ...] = ()
    """Newest first."""


def inspect(path: Path) -> DatabaseReport:
    """Everything worth knowing about the database at `path`; a damaged one is told as faults.

    Raises StoreError when there is no such file, when it is another program's, or when its disk cannot be trusted.
    """
    access = access_to(path)
    size = _size(path)
    if size is None:
        raise StoreError(f"There is no database at {path}.")
    report = DatabaseReport(
        path=path,
        size=size,
        log_size=_size(log_of(path)) or 0,
        disk=access.disk,
        read_only=access.read_only,
        notes=access.notes,
        backups=backups_of(path),
    )
    if size == 0:
        return report.model_copy(update={"faults": ("The file is empty (0 bytes): there is no database in it.",)})
    try:
        require_sound_log(path)
    except StoreError as error:
        return report.model_copy(update={"faults": (error.message,)})
    except sqlite3.DatabaseError as error:
        return report.model_copy(update={"faults": (f"Its log cannot be read: {why(error, path)}",)})
    try:
        with _opened(path, access) as connection:
            return report.model_copy(update=_facts(connection))
    except sqlite3.DatabaseError as error:
        return report.model_copy(update={"faults": (f"It cannot be read: {why(error, path)}",)})


def backup(path: Path, to: Path | None = None) -> Path:
    """A verified copy, made while others read and write; in `backups/` beside the database unless `to` names a file.

    Raises StoreError when the database or the copy is not whole.
    """
    _require_file(path)
    try:
        with _opened(path, access_to(path)) as connection:
            steps = applied(Database(connection))
            return make_backup(connection, path, steps[-1] if steps else "m000_empty", to)
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} was not backed up: {why(error, path)}") from None


def vacuum(path: Path) -> tuple[int, int]:
    """Rewrite the database without its free pages; the size in bytes before and after.

    Raises StoreError when anybody else has it open, when it is damaged, or when the disk has no room for a second copy.
    """
    _require_file(path)
    access = access_to(path)
    if access.read_only:
        raise StoreError(access.notes[-1])
    before = path.stat().st_size
    try:
        with _opened(path, access, alone=True) as connection:
            if faults := integrity(connection, most=1):
                raise StoreError(
                    f"{path} is damaged ({faults[0]}), so it was not vacuumed. `aqboard db check` says more."
                )
            connection.execute("VACUUM")
    except sqlite3.DatabaseError as error:
        if primary_code(error) == sqlite3.SQLITE_BUSY:
            raise StoreError(
                f"{path} was not vacuumed: another process has it open. Wait for running checks and close the board; "
                f"`fuser -v {path}` shows who has it."
            ) from None
        raise StoreError(f"{path} was not vacuumed: {why(error, path)}") from None
    return before, path.stat().st_size


def restore(copy: Path, path: Path) -> Path | None:
    """Put the backup `copy` in the place of the database `path`; where the old one is now, or None without one.

    Raises StoreError, and changes nothing, when the backup is not a whole database of ours, or when somebody has the
    database open.
    """
    _require_whole(copy)
    _require_unused(path)
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(copy, draft)
        aside = _set_aside(path)
        draft.replace(path)
    except OSError as error:
        raise StoreError(f"{copy} was not restored to {path}: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return aside


@contextmanager
def _opened(path: Path, access: Access, *, alone: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection to a database of ours that changes nothing by itself; `alone`: only if nobody else has one."""
    if not access.read_only:
        require_sound_log(path)
    timeout = {"timeout_s": ALONE_WITHIN_S} if alone else {}
    with closing(connected(path, access, **timeout)) as connection:
        if alone:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")  # the lock stays until the connection is closed
        require_ours(connection, path)
        yield connection


def _facts(connection: sqlite3.Connection) -> dict[str, object]:
    steps = tuple(applied(Database(connection)))
    (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    (free_pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    faults = (*integrity(connection), *_dangling(connection))
    return {
        "faults": faults,
        "schema_steps": steps,
        "missing_steps": tuple(step for step in NAMES if step not in steps),
        "unknown_steps": tuple(step for step in steps if step not in NAMES),
        "free": page_size * free_pages,
        "rows": {table: _count(connection, table) for table in tables if not table.startswith(("_", "sqlite_"))},
        "journal": journal,
    }


def _dangling(connection: sqlite3.Connection) -> Iterator[str]:
    """A sentence for each row that refers to a row which is not there."""
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"Row {row} of {table} refers to a row of {parent} that is not there."


def _count(connection: sqlite3.Connection, table: str) -> int:
    count: int = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
    return count


def _require_file(path: Path) -> None:
    if not _size(path):
        raise StoreError(f"There is no database at {path}.")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"The database {path} cannot be reached: {error.strerror}.") from None


def _require_whole(copy: Path) -> None:
    if not copy.is_file():
        raise StoreError(f"There is no backup {copy}.")
    if log_of(copy).exists():
        raise StoreError(f"{copy} has a log beside it, so it is no backup but a database in use. Name a backup.")
    try:
        uri = f"{copy.absolute().as_uri()}?immutable=1"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            require_ours(connection, copy)
            faults = integrity(connection, most=1)
    except sqlite3.DatabaseError as error:
        faults = (str(error),)
    if faults or not copy.stat().st_size:
        raise StoreError(f"The backup {copy} is damaged ({faults[0] if faults else 'empty'}). Nothing was changed.")


def _require_unused(path: Path) -> None:
    """Take the database alone for a moment; one that nobody can open is used by nobody."""
    access = access_to(path)
    if access.read_only:
        raise StoreError(access.notes[-1])
    if not path.exists() or not path.stat().st_size:
        return
    try:
        require_sound_log(path)
    except StoreError:
        return  # opening it here would write that log into the file that is to be kept
    try:
        with closing(connected(path, access, timeout_s=ALONE_WITHIN_S)) as connection:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        if primary_code(error) not in DAMAGED:
            raise StoreError(f"{path} was not replaced: {why(error, path)}") from None


def _set_aside(path: Path) -> Path | None:
    """Move the database and what lies beside it to a name with the time in it."""
    when = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.replaced-{when}")
    found = path.exists()
    for suffix in ("", *BESIDE):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(aside.with_name(aside.name + suffix))
    return aside if found else None
