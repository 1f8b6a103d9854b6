"""Sessions on this machine: a process of its own that outlives whoever started it."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from aqboard.domain.errors import SessionError
from aqboard.domain.session.check_session import BackendStatus
from aqboard.sessions.backend import CANNOT_WRITE, SUPERVISOR_LOG, Handle, command

SAME_START_S = 60.0
"""How far two readings of one process's start may lie apart: the system's clock may have been set in between."""
MODULE = "aqboard.sessions.supervisor"


@dataclass(frozen=True)
class _Child:
    """A process that this one started: when it began, and its exit code; None while it works, negative for a signal."""

    began: float | None
    code: int | None = None


class LocalBackend:
    """Starts a detached process: closing the terminal, stopping the app or Ctrl-C does not reach it."""

    name = "local"
    settle_s = 0.0

    def __init__(self, process: Callable[[Path], tuple[str, ...]] = command) -> None:
        self._process = process
        # Those that this very process started: for them alone the system tells how they ended.
        self._children: dict[int, _Child] = {}
        self._lock = threading.Lock()

    def start(self, folder: Path) -> Handle:
        """Start the session's process; raises SessionError when the machine refuses."""
        log = str(folder / SUPERVISOR_LOG)
        arguments = self._process(folder)
        try:
            # Not subprocess: it would want its process back before this one ends.
            pid = os.posix_spawn(
                arguments[0],
                arguments,
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
                setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE],
            )
        except OSError as error:
            raise SessionError(f"The session's process cannot be started: {error.strerror}.") from None
        began = _began(pid)
        self._children[pid] = _Child(began)
        return Handle(backend=self.name, host=socket.gethostname(), pid=pid, created=began)

    def look(self, handle: Handle) -> BackendStatus:
        """What has become of the process; the system remembers how it ended for the one that started it alone."""
        if handle.host != socket.gethostname():
            return BackendStatus(
                word="unknown", why=f"it was started on {handle.host} and can be looked at there alone"
            )
        self._wait()
        child = self._children.get(handle.pid or 0)
        if child is not None and _same_start(child.began, handle.created):
            # The system's own word: a process that is just being killed has lost its name, but is not gone.
            running = child.code is None
            return BackendStatus(word="running") if running else BackendStatus(word="ended", why=_how(child.code or 0))
        if _alive(handle) is not None:
            return BackendStatus(word="running")
        return BackendStatus(word="lost", why=f"(pid {handle.pid} on {handle.host}) is gone")

    def _wait(self) -> None:
        """Learn how children of this process ended; none of them stays behind as a zombie."""
        with self._lock:
            for pid, child in list(self._children.items()):
                if child.code is not None:
                    continue
                try:
                    done, status = os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:  # somebody else in this process waits for every child there is
                    del self._children[pid]
                    continue
                if done:
                    self._children[pid] = replace(child, code=os.waitstatus_to_exitcode(status))

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
        if not _same_start(process.create_time(), handle.created):
            return None
        return process if MODULE in process.cmdline() else None
    except psutil.AccessDenied:
        return process  # somebody else's, and alive
    except psutil.Error:
        return None


def _same_start(one: float | None, other: float | None) -> bool:
    return one is None or other is None or abs(one - other) <= SAME_START_S


def _how(code: int) -> str:
    if code == CANNOT_WRITE:
        return f"could not write into its folder (exit code {code}, {SUPERVISOR_LOG} says why)"
    if code < 0:
        return f"was killed by signal {-code} ({signal.Signals(-code).name})"
    return f"ended with code {code}"
