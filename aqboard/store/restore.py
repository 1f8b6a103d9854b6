"""Go back to a backup, and lose nothing on the way: what was there is moved aside, its log with it.

Copying a backup over a database by hand is how databases die: a log that the old one left behind is replayed into it.
"""

import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from aqboard.domain.errors import StoreError
from aqboard.store.access import access_to, connected, log_of
from aqboard.store.backup import integrity
from aqboard.store.faults import DAMAGED, primary_code, why
from aqboard.store.log import require_sound_log
from aqboard.store.schema import require_ours

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; it belongs to that database alone."""


def restore(backup: Path, path: Path) -> Path | None:
    """Put a copy of `backup` in the place of the database `path`; where the old one is now, or None without one.

    Raises StoreError, and changes nothing, when the backup is not a whole database of ours, or when somebody has the
    database open.
    """
    _require_whole(backup)
    _require_unused(path)
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(backup, draft)
        aside = _set_aside(path)
        draft.replace(path)
    except OSError as error:
        raise StoreError(f"{backup} was not restored to {path}: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return aside


def _require_whole(backup: Path) -> None:
    if not backup.is_file():
        raise StoreError(f"There is no backup {backup}.")
    if log_of(backup).exists():
        raise StoreError(f"{backup} has a log beside it, so it is no backup but a database in use. Name a backup.")
    try:
        uri = f"{backup.absolute().as_uri()}?immutable=1"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            require_ours(connection, backup)
            faults = integrity(connection, most=1)
    except sqlite3.DatabaseError as error:
        faults = (str(error),)
    if faults or not backup.stat().st_size:
        raise StoreError(f"The backup {backup} is damaged ({faults[0] if faults else 'empty'}). Nothing was changed.")


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
        with closing(connected(path, access, timeout_s=2.0)) as connection:
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
