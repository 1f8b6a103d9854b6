"""Where a check session may run: what every backend offers, and what it knows a session by.

A backend starts `python -P -m aqboard.sessions.supervisor FOLDER` somewhere, and says what became of it. Everything
else, what is measured and what was found, passes through the folder.
"""

import sys
from pathlib import Path
from typing import Protocol

from pydantic import Field

from aqboard.domain.errors import SessionError
from aqboard.domain.model import Record
from aqboard.domain.session.check_session import BackendStatus as BackendStatus
from aqboard.domain.session.check_session import Uid
from aqboard.files import write_whole

SESSION, ATTEMPT, EVENTS, HANDLE, CANCEL = "session.json", "attempt.json", "events.jsonl", "handle.json", "cancel"
WORKER_LOG, SUPERVISOR_LOG = "worker.log", "supervisor.log"
"""The files of a session's folder."""

CANNOT_WRITE, IN_USE = 74, 75
"""Exit codes of the session's process: its folder cannot be written; another process is at work in it."""


class Handle(Record):
    """What a backend finds a session again by."""

    backend: str
    host: str
    """Where it was started from; a local process can be looked at there alone."""
    pid: int | None = Field(default=None, gt=1)
    created: float | None = None
    """When that process began, seconds since 1970: the same number may later belong to another process."""
    job: str = ""
    """The Slurm job."""


class Backend(Protocol):
    """Somewhere to run a session. Stateless as far as it matters: another process asks by the handle alone."""

    @property
    def name(self) -> str:
        """The word in `--backend`."""

    @property
    def settle_s(self) -> float:
        """How long after its process ended what it wrote may still be on its way to this machine, in seconds."""

    def start(self, folder: Path) -> Handle:
        """Start the session whose `session.json` lies in `folder`; raises SessionError when that is not possible.

        Returns as soon as the backend has taken it: the process outlives the caller.
        """

    def look(self, handle: Handle) -> BackendStatus:
        """What has become of it. Raises nothing: a backend that cannot be asked says `unknown`, and why."""

    def cancel(self, handle: Handle) -> None:
        """Ask for an end. Raises SessionError when that is not possible; ending what has ended is not an error."""


def command(folder: Path) -> tuple[str, ...]:
    """The process of a session, the same on every backend.

    `-P`: a module that happens to lie in the current directory is not imported in the place of an installed one.
    """
    return (sys.executable, "-P", "-m", "aqboard.sessions.supervisor", str(folder))


def write_record(path: Path, record: Record) -> None:
    """Write a small file so that a reader sees all of it or none; raises SessionError."""
    try:
        write_whole(path, record.model_dump_json())
    except OSError as error:
        raise SessionError(f"{path} cannot be written: {error.strerror}.") from None


def read_handle(folder: Path) -> Handle | None:
    """The session's handle; None before it has been handed to its backend."""
    try:
        return Handle.model_validate_json((folder / HANDLE).read_bytes())
    except (OSError, ValueError):
        return None


__all__ = ["Backend", "BackendStatus", "Handle", "Uid", "command", "read_handle", "write_record"]
