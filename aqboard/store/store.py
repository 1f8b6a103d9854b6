"""Open a database. One `Store` is one connection, used by the thread that opened it."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from aqboard.domain.errors import StoreError
from aqboard.store.attempts import Attempts
from aqboard.store.sqlite.access import BUSY_TIMEOUT_S, access_to
from aqboard.store.sqlite.connection import connect
from aqboard.store.sqlite.faults import why


class Store(Attempts):
    """The attempts in the database at `path`; raises StoreError as `connect` does.

    `wait_s`: how long each step waits for another process that holds it, in seconds. A context manager: leaving it
    closes it, and turns an error of SQLite's that came from reading into a StoreError.
    """

    def __init__(self, path: Path, *, create: bool = False, wait_s: float = BUSY_TIMEOUT_S) -> None:
        self._wait_s = wait_s
        self.access = access_to(path)
        """How it is open: the disk below it, whether it may be written, and what a person should know of that."""
        super().__init__(path, connect(path, self.access, create=create, wait_s=wait_s))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()
        if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
            reason = why(error, self.path, self._wait_s)
            raise StoreError(f"The database {self.path} could not be read: {reason}") from error
