"""How a database may be opened where it lies: with which journal, whether to write, and what people should know."""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from aqboard.domain.errors import StoreError
from aqboard.domain.model import Record
from aqboard.settings import ONE_MACHINE, one_machine
from aqboard.store.sqlite.filesystem import Disk, Locks, disk_of
from aqboard.store.sqlite.wal import has_log

SAFE_WITHOUT_LOG = {
    Locks.EVERYWHERE: "several machines share it",
    Locks.UNKNOWN: "a file system that aqboard does not know",
}
"""Where a rollback journal is used in place of a write-ahead log, and why."""

BUSY_TIMEOUT_S = 10.0


class Access(Record):
    """What is decided before a database is opened."""

    disk: Disk
    journal: str
    """SQLite's journal mode to use: `wal` or `truncate`."""
    read_only: bool = False
    notes: tuple[str, ...] = ()
    """Sentences for whoever opens it."""


def access_to(path: Path, environment: Mapping[str, str] = os.environ) -> Access:
    """How to open the database at `path`; raises StoreError where two writers could destroy it unseen."""
    disk = disk_of(path)
    read_only = _is_read_only(path)
    notes = []
    if disk.locks is Locks.DOUBTFUL and not read_only:
        if not one_machine(environment):
            raise StoreError(
                f"{path} lies on {disk.kind} ({disk.mount_point}), whose locks may not reach other machines: two "
                f"writers would destroy the database. Name a file on a local disk with --db; or set "
                f"{ONE_MACHINE}=yes and open it from one machine only."
            )
        notes.append(f"{path} lies on {disk.kind}: open it from this machine only ({ONE_MACHINE}=yes is set).")
    elif disk.locks in SAFE_WITHOUT_LOG and not read_only:
        notes.append(
            f"{path} lies on {disk.kind or 'a disk'} ({SAFE_WITHOUT_LOG[disk.locks]}): it is kept with a rollback "
            "journal, with which readers and writers wait for each other. A local disk is faster."
        )
    if read_only:
        notes.append(f"{path} may not be written by this user: it is shown as it is, and nothing can be recorded.")
    journal = "wal" if disk.locks is Locks.LOCAL else "truncate"
    return Access(disk=disk, journal=journal, read_only=read_only, notes=tuple(notes))


def connected(path: Path, access: Access, *, timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """A connection that may do no more than `access` allows; sqlite3 errors are the caller's."""
    if not access.read_only:
        return _connection(path, "rwc", timeout_s)
    if access.journal == "wal" and not has_log(path):
        # Nobody is writing. Opening it with locks would need files beside it that may not be made here,
        # or that would then belong to a reader and keep the owner out.
        return _connection(path, "immutable", timeout_s)
    connection = _connection(path, "ro", timeout_s)
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError:
        connection.close()
        if has_log(path):
            raise
        return _connection(path, "immutable", timeout_s)
    return connection


def _connection(path: Path, mode: str, timeout_s: float) -> sqlite3.Connection:
    query = "immutable=1" if mode == "immutable" else f"mode={mode}"
    uri = f"{path.absolute().as_uri()}?{query}"
    return sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None)


def _is_read_only(path: Path) -> bool:
    """Whether this user may read but not write: SQLite needs the file and, for its journal, the folder."""
    effective = os.access in os.supports_effective_ids
    return path.exists() and not all(
        os.access(place, os.W_OK, effective_ids=effective) for place in (path, path.resolve().parent)
    )
