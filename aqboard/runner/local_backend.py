"""Sessions on this machine: a process of its own that outlives whoever started it."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import psutil

from aqboard.domain.errors import SessionError
from aqboard.domain.session import Sighting
from aqboard.runner.backend import CANNOT_WRITE, SUPERVISOR_LOG, Handle, command

SAME_START_S = 60.0
"""How far two readings of one process's start may lie apart: the system's clock may have been set in between."""
MODULE = "aqboard.runner.session"


class LocalBackend:
    """Starts a detached process: closing the terminal, stopping the app or Ctrl-C does not reach it."""

    name = "local"
    settle_s = 0.0

    def __init__(self) -> None:
        # Those that this very process started: for them alone the system tells how they ended.
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, folder: Path) -> Handle:
        """Start the session's process; raises SessionError when the machine refuses."""
        try:
            with (folder / SUPERVISOR_LOG).open("ab") as log:
                child = subprocess.Popen(
                    command(folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
        except OSError as error:
            raise SessionError(f"The session's process cannot be started: {error.strerror}.") from None
        self._children[child.pid] = child
        return Handle(backend=self.name, host=socket.gethostname(), pid=child.pid, created=_began(child.pid))

    def look(self, handle: Handle) -> Sighting:
        """What has become of the process; the system remembers how it ended for the one that started it alone."""
        if handle.host != socket.gethostname():
            return Sighting(word="unknown", why=f"it was started on {handle.host} and can be looked at there alone")
        child = self._children.get(handle.pid or 0)
        if child is not None and (code := child.poll()) is not None:
            return Sighting(word="ended", why=_how(code))
        if _alive(handle) is not None:
            return Sighting(word="running")
        return Sighting(word="lost", why=f"(pid {handle.pid} on {handle.host}) is gone")

    def cancel(self, handle: Handle) -> None:
        """Ask the process to end; on another machine the file in the folder has to do."""
        process = _alive(handle) if handle.host == socket.gethostname() else None
        if process is not None:
            try:
                process.send_signal(signal.SIGTERM)
            except psutil.NoSuchProcess:
                return
            except psutil.AccessDenied:
                raise SessionError(f"Process {handle.pid} belongs to somebody else, who alone may stop it.") from None


def own_handle() -> Handle:
    """The handle of the process that asks: what `start` would have given."""
    return Handle(backend=LocalBackend.name, host=socket.gethostname(), pid=os.getpid(), created=_began(os.getpid()))


def _began(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def _alive(handle: Handle) -> psutil.Process | None:
    """The process of this handle, and none that merely has its number."""
    if handle.pid is None:
        return None
    try:
        process = psutil.Process(handle.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if handle.created is not None and abs(process.create_time() - handle.created) > SAME_START_S:
            return None
        return process if MODULE in process.cmdline() else None
    except psutil.AccessDenied:
        return process  # somebody else's, and alive
    except psutil.Error:
        return None


def _how(code: int) -> str:
    if code == CANNOT_WRITE:
        return f"could not write into its folder (exit code {code}, {SUPERVISOR_LOG} says why)"
    if code < 0:
        return f"was killed by signal {-code} ({signal.Signals(-code).name})"
    return f"ended with code {code}"
