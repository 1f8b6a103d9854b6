"""Run the probes in a process of their own, and survive whatever happens to it."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from aqboard.domain.errors import SessionError
from aqboard.domain.session.events import ProbeOutcome
from aqboard.sessions.backend import ATTEMPT, CANNOT_WRITE, EVENTS, WORKER_LOG
from aqboard.sessions.events import Ended, Event, Started, Tail, append

logger = logging.getLogger("aqboard.sessions")

WORKER: tuple[str, ...] = (sys.executable, "-P", "-m", "aqboard.sessions.worker")
"""The probe process: takes the attempt's file, the events' file and the probes to run."""

POLL_S = 0.1
START_LIMIT_S = 300.0
"""Importing torch and the team's code from a cold shared file system takes a minute or two."""
KILL_LIMIT_S = 60.0
LOG_LIMIT_BYTES = 64 << 20
"""What one probe process may print before it is stopped: a disk that it fills is everybody's."""


def run_probes(
    folder: Path,
    kinds: Sequence[str],
    *,
    limits: Mapping[str, float],
    stop: Callable[[], bool] = lambda: False,
    sweep: Callable[[], None] = lambda: None,
) -> Iterator[Event]:
    """Measure; yields each event as it happens. Every kind ends with exactly one `Ended`, unless `stop` says so.

    `folder` holds the frozen attempt and takes the events and the process's log. When the process dies, or a probe
    takes longer than its share of `limits` (seconds), the probe it was at ends as broken and a new process goes on with
    the next one. `sweep` is called after each process, to end whatever it left behind. Closing the iterator ends the
    process. Raises SessionError when the folder can no longer be written.
    """
    events_file, log_file = folder / EVENTS, folder / WORKER_LOG
    tail = Tail(events_file, from_end=True)
    waiting = list(kinds)
    while waiting and not stop():
        watch = _Watch(limits, stop)
        with log_file.open("ab") as log:
            printed = log.tell()
            process = _start([str(folder / ATTEMPT), str(events_file), *waiting], log)
        logger.info("probe process %d begins, %d probes wait", process.pid, len(waiting))
        try:
            for event in watch.events(process, tail, log_file, printed + LOG_LIMIT_BYTES):
                if isinstance(event, Ended) and event.outcome.probe in waiting:
                    waiting.remove(event.outcome.probe)
                yield event
            code = process.poll()
        finally:
            _end(process)
            sweep()
        if waiting and not stop():
            lost = watch.probe if watch.probe in waiting else waiting[0]
            waiting.remove(lost)
            why, detail = watch.why(code), _last_lines(log_file)
            logger.warning("probe process %d is gone at %s, %d are left: %s", process.pid, lost, len(waiting), why)
            append(events_file, Ended(outcome=ProbeOutcome(probe=lost, status="broke", message=why, detail=detail)))
            yield from tail.new()


class _Watch:
    """Looks after one probe process: which probe it is at, and why it is not to go on."""

    def __init__(self, limits: Mapping[str, float], stop: Callable[[], bool]) -> None:
        self.probe = ""
        """The probe at work; empty before the first."""
        self._limits = limits
        self._stop = stop
        self._prints_too_much = False

    def events(self, process: subprocess.Popen[bytes], tail: Tail, log: Path, most_bytes: int) -> Iterator[Event]:
        """Events until the process has ended, its probe has used up its time, or somebody wants it to stop."""
        until = time.monotonic() + START_LIMIT_S
        over = False
        while not over:
            # Asked before reading: whatever the process wrote before its end is still read after it.
            over = process.poll() is not None or time.monotonic() > until or self._stop()
            self._prints_too_much = log.stat().st_size > most_bytes
            over = over or self._prints_too_much
            for event in tail.new():
                if isinstance(event, Started):
                    self.probe = event.probe
                    until = time.monotonic() + self._limits.get(event.probe, START_LIMIT_S)
                elif isinstance(event, Ended):
                    until = time.monotonic() + START_LIMIT_S
                yield event
            if not over:
                time.sleep(POLL_S)
        if process.poll() == -signal.SIGTERM:
            # A backend that ends a job tells all of its processes at once; the news may reach this one a little later.
            time.sleep(POLL_S)

    def why(self, code: int | None) -> str:
        """Why the process ended without finishing, in words; `code` is None for one that was stopped."""
        probe = self.probe
        if self._prints_too_much:
            return f"The probe was stopped: it printed more than {LOG_LIMIT_BYTES >> 20} MB into {WORKER_LOG}."
        if code is None and not probe:
            return f"The probe process was stopped: it had not begun a probe after {START_LIMIT_S:g} s."
        if code is None:
            return (
                f"The probe was stopped after its time limit of {self._limits[probe]:g} s. If it only needs longer, "
                f"raise limits.{probe} in the plan."
            )
        if code == -signal.SIGKILL:
            return "The probe process was killed (signal 9), most often because the machine ran out of memory."
        if code < 0:
            return f"The probe process died of signal {-code} ({signal.Signals(-code).name})."
        if code == CANNOT_WRITE:
            return "The probe process could not write into the session's folder; the detail says why."
        return f"The probe process ended with code {code} before it was done."


def _start(arguments: list[str], log: BinaryIO) -> subprocess.Popen[bytes]:
    # A process group of its own: everything the probes may start is stopped with them.
    return subprocess.Popen(
        [*WORKER, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process with its group; what has left the group, or outlived it, is for `sweep`."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(KILL_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise SessionError(
            f"The probe process {process.pid} cannot be killed: it waits in the kernel, most often for a file system "
            "that does not answer."
        ) from None


def _last_lines(path: Path, most: int = 40, most_bytes: int = 1 << 16) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - most_bytes))
        return "\n".join(file.read().decode("utf-8", errors="replace").splitlines()[-most:])
