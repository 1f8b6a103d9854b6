"""Run the probes in a child process on this machine, and survive whatever happens to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from aqboard.domain.attempt import Attempt
from aqboard.domain.evidence import EVIDENCE
from aqboard.domain.outcome import ProbeOutcome
from aqboard.runner.events import Ended, Event, Started, Tail, append

KINDS: tuple[str, ...] = tuple(kind.kind for kind in EVIDENCE)
"""Every probe, in the order they run."""

WORKER: tuple[str, ...] = (sys.executable, "-P", "-m", "aqboard.runner.worker")
"""The probe process: takes the attempt's file, the events' file and the probes to run.

`-P`: a module that happens to lie in the current directory is not imported in the place of an installed one.
"""

POLL_S = 0.1
START_LIMIT_S = 300.0
"""Importing torch and the team's code from a cold shared file system takes a minute or two."""
LIMITS_S: Mapping[str, float] = {kind.kind: kind.limit_s for kind in EVIDENCE}


def run_probes(
    attempt: Attempt, folder: Path, kinds: Sequence[str] = KINDS, *, limits: Mapping[str, float] = LIMITS_S
) -> Iterator[Event]:
    """Measure; yields each event as it happens. Every kind ends with exactly one `Ended`.

    `folder` takes the frozen attempt, the events and the process's log. When the process dies, or a probe takes
    longer than its share of `limits` (seconds), the probe it was at ends as broken and a new process goes on with the
    next one. Closing the iterator ends the process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    attempt_file, events_file = folder / "attempt.json", folder / "events.jsonl"
    attempt_file.write_text(attempt.model_dump_json(), encoding="utf-8")
    tail = Tail(events_file)
    waiting = list(kinds)
    while waiting:
        at = ""
        with (folder / "worker.log").open("ab") as log:
            process = _start([str(attempt_file), str(events_file), *waiting], log)
        try:
            for event in _watch(process, tail, limits):
                if isinstance(event, Started):
                    at = event.probe
                elif isinstance(event, Ended):
                    waiting.remove(event.outcome.probe)
                yield event
            died = _why(process.poll(), at, limits)
        finally:
            _stop(process)
        if waiting:
            lost = at if at in waiting else waiting[0]
            waiting.remove(lost)
            detail = _last_lines(folder / "worker.log")
            append(events_file, Ended(outcome=ProbeOutcome(probe=lost, status="broke", message=died, detail=detail)))
            yield from tail.new()


def _watch(process: subprocess.Popen[bytes], tail: Tail, limits: Mapping[str, float]) -> Iterator[Event]:
    """Events until the process has ended, or the probe at work has used up its time."""
    until = time.monotonic() + START_LIMIT_S
    over = False
    while not over:
        # Asked before reading: whatever the process wrote before its end is still read after it.
        over = process.poll() is not None or time.monotonic() > until
        for event in tail.new():
            if isinstance(event, Started):
                until = time.monotonic() + limits[event.probe]
            elif isinstance(event, Ended):
                until = time.monotonic() + START_LIMIT_S
            yield event
        if not over:
            time.sleep(POLL_S)


def _start(arguments: list[str], log: BinaryIO) -> subprocess.Popen[bytes]:
    # A process group of its own: everything the probes may start is stopped with them.
    return subprocess.Popen(
        [*WORKER, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _why(code: int | None, probe: str, limits: Mapping[str, float]) -> str:
    """Why the process ended without finishing, in words; `probe` is empty when it had not begun one."""
    if code is None and not probe:
        return f"The probe process was stopped: it had not begun a probe after {START_LIMIT_S:g} s."
    if code is None:
        return (
            f"The probe was stopped after its time limit of {limits[probe]:g} s. If it only needs longer, raise "
            f"limits.{probe} in the plan."
        )
    if code == -signal.SIGKILL:
        return "The probe process was killed (signal 9), most often because the machine ran out of memory."
    if code < 0:
        return f"The probe process died of signal {-code} ({signal.Signals(-code).name})."
    return f"The probe process ended with code {code} before it was done."


def _last_lines(path: Path, most: int = 40) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-most:])
