"""The process of a check session: `python -P -m aqboard.sessions.supervisor FOLDER`, the same on every backend.

It runs the probes in a process of their own and watches over it; whatever happens, the last thing it writes says so.
Started again in the same folder (Slurm requeues a job whose node failed), it goes on where the first one stopped.
"""

import fcntl
import logging
import os
import signal
import socket
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from aqboard.domain.errors import AqboardError
from aqboard.domain.session.check_session import CheckSession
from aqboard.domain.session.events import ProbeOutcome
from aqboard.logs import configure
from aqboard.sessions.backend import CANCEL, CANNOT_WRITE, EVENTS, HANDLE, IN_USE, Handle, write_record
from aqboard.sessions.backends.local import LocalBackend, own_handle
from aqboard.sessions.events import Ended, SessionEnded, SessionStarted, Started, Tail, append, close_torn_line
from aqboard.sessions.folder import cancel_request, read_session, sums
from aqboard.sessions.probe_loop import run_probes
from aqboard.sessions.processes import adopt_orphans, end_descendants

logger = logging.getLogger("aqboard.sessions")

RESERVE, RESERVE_BYTES = ".reserve", 64 << 10
"""Held back, so that on a full disk there is still room for the last line."""
LOOK_S = 0.4
"""How often the file `cancel` is looked for: each time costs a shared file system's server one question."""
MOST_STARTS = 2
"""How often a probe is begun: one that ended its session's process, or node, twice is left alone."""


class Supervisor:
    """One run of a session. `stop` is what the probes' loop asks several times a second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = read_session(folder)
        self._events = folder / EVENTS
        self._signal = 0
        self._cancelled = False
        self._look_again = 0.0

    def run(self) -> None:
        """Measure what has not been measured, and write the last line; raises SessionError when it cannot."""
        done, begun, ended = _earlier(self._events)
        if ended:
            return
        self._listen()
        try:
            (self.folder / RESERVE).write_bytes(os.urandom(RESERVE_BYTES))
            append(self._events, SessionStarted(host=socket.gethostname(), pid=os.getpid(), job=_job()))
            self._introduce()
            self._give_up(done, begun)
            waiting = [probe for probe in self.session.probes if probe not in done]
            logger.info("session %s begins: %d probes wait, %d are done", self.session.uid, len(waiting), len(done))
            limits = self.session.limits
            for event in run_probes(self.folder, waiting, limits=limits, stop=self.stop, sweep=end_descendants):
                if isinstance(event, Ended):
                    done.add(event.outcome.probe)
            last = self._last_word(complete=done.issuperset(self.session.probes))
        except (AqboardError, OSError) as error:
            told = error.message if isinstance(error, AqboardError) else str(error)
            last = SessionEnded(state="failed", why=f"The session could not go on. {told}")
        except Exception as error:
            traceback.print_exc()
            last = SessionEnded(state="failed", why=f"The session's process broke: {type(error).__name__}: {error}")
        self._end(last)

    def stop(self) -> bool:
        """Whether somebody wants it to end: a signal, or the file `cancel`."""
        now = time.monotonic()
        if not self._cancelled and now > self._look_again:
            self._cancelled = (self.folder / CANCEL).exists()
            self._look_again = now + LOOK_S
        return bool(self._signal) or self._cancelled

    def _listen(self) -> None:
        def heard(number: int, _: FrameType | None) -> None:
            self._signal = number

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, heard)

    def _introduce(self) -> None:
        """Leave a handle, if whoever started this was killed before it could."""
        if not (self.folder / HANDLE).exists():
            write_record(self.folder / HANDLE, _own_handle(self.session))

    def _give_up(self, done: set[str], begun: Counter[str]) -> None:
        for probe, times in begun.items():
            if probe not in done and times >= MOST_STARTS:
                logger.warning("%s was begun %d times and is left alone", probe, times)
                why = f"The probe was begun {times} times, and each time the session's process ended with it."
                append(self._events, Ended(outcome=ProbeOutcome(probe=probe, status="broke", message=why)))
                done.add(probe)

    def _last_word(self, *, complete: bool) -> SessionEnded:
        if complete:
            return SessionEnded(state="done")
        request = cancel_request(self.folder)
        if request is not None:
            return SessionEnded(state="cancelled", why=f"Cancelled by {request.by}.")
        if self._signal:
            name = signal.Signals(self._signal).name
            return SessionEnded(state="stopped", why=f"It was asked to stop by signal {self._signal} ({name}).")
        return SessionEnded(state="failed", why="It came to its end with probes left over.")

    def _end(self, last: SessionEnded) -> None:
        logger.info("session %s ends: %s %s", self.session.uid, last.state, last.why)
        end_descendants()
        (self.folder / RESERVE).unlink(missing_ok=True)
        sys.stderr.write(f"{last.state}: {last.why}\n")
        with suppress(OSError), self._events.open("rb+") as file:
            close_torn_line(file.fileno())  # so that the sum below is of all that stands before the last line
        append(self._events, last.model_copy(update={"files": sums(self.folder)}))


def _earlier(events: Path) -> tuple[set[str], Counter[str], bool]:
    """What an earlier process of this session did: probes that ended, how often each was begun, whether all is over."""
    done, begun, over = set[str](), Counter[str](), False
    for event in Tail(events).new():
        if isinstance(event, Ended):
            done.add(event.outcome.probe)
        elif isinstance(event, Started):
            begun[event.probe] += 1
        over = isinstance(event, SessionEnded) and event.state != "stopped"
    return done, begun, over


def _own_handle(session: CheckSession) -> Handle:
    if session.backend == LocalBackend.name:
        return own_handle()
    return Handle(backend=session.backend, host=socket.gethostname(), job=_job())


def _job() -> str:
    return os.environ.get("SLURM_JOB_ID", "")


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether no other process is at work in this folder. A file system without locks cannot tell, and so allows."""
    with (folder / ".lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:
            pass
        yield True


def main(folder: Path) -> int:
    """Run the session to its end; the exit code is for the backend, all else is in the folder."""
    configure()
    adopt_orphans()
    try:
        supervisor = Supervisor(folder)
        with _alone(folder) as alone:
            if not alone:
                sys.stderr.write(f"Another process is at work in {folder}.\n")
                return IN_USE
            supervisor.run()
    except (AqboardError, OSError) as error:
        sys.stderr.write(f"{error.message if isinstance(error, AqboardError) else error}\n")
        return CANNOT_WRITE
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
