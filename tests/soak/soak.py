"""Many sessions with random kills and several ingesters that are killed too; then every line is accounted for.

`python -m tests.soak.soak [SESSIONS] [INGESTERS] [SEED]` prints what happened; it fails when a line is lost or doubled.
"""

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from aqboard.domain.session.check_session import SessionState
from aqboard.domain.session.events import Ended, SessionEnded, parsed
from aqboard.sessions.backends import BACKENDS
from aqboard.sessions.backends.base import EVENTS, read_handle
from aqboard.sessions.control import cancel
from aqboard.sessions.events import lines
from aqboard.store import Store
from aqboard.store.sessions import SessionRow, Sessions
from tests import stub_sessions

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 8
"""Sessions at work at the same time."""
FATES = ("none", "none", "kill session", "kill worker", "cancel", "kill session twice")
MENU = ("b", "c", "d", "slow", "exits", "garbage", "killed", "twice", "z")


@dataclass
class Report:
    """What happened, and what is wrong; nothing is, when `faults` is empty."""

    sessions: int = 0
    ingesters_killed: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    torn: int = 0
    outcomes: int = 0
    findings: int = 0
    seconds: float = 0.0
    digest: str = ""
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = [f"{name}: {value}" for name, value in vars(self).items() if name != "faults"]
        return "\n".join([*told, f"lost or doubled: {len(self.faults)}", *self.faults])


class Ingesters:
    """Processes that ingest until the file `stop` appears; each may be killed at any moment and is replaced."""

    def __init__(self, database: Path, count: int, chance: random.Random) -> None:
        self._database, self._chance = database, chance
        self.killed = 0
        self._processes = [self._start() for _ in range(count)]

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", "tests.soak.ingester", str(self._database)], cwd=ROOT)

    def trouble(self) -> None:
        """Kill one of them, now and then."""
        if self._chance.random() < 0.05:
            victim = self._chance.randrange(len(self._processes))
            self._processes[victim].kill()
            self._processes[victim].wait()
            self._processes[victim] = self._start()
            self.killed += 1

    def stop(self) -> list[int]:
        """Exit codes of those that are left."""
        (self._database.parent / "stop").touch()
        return [process.wait(300) for process in self._processes]


def soak(folder: Path, sessions_wanted: int, ingesters_wanted: int, seed: int) -> Report:
    """Run it all below `folder`."""
    chance, began, report = random.Random(seed), time.monotonic(), Report(sessions=sessions_wanted)
    database = folder / "board.db"
    with stub_sessions.installed(), Store(database, create=True) as store:
        ingesters = Ingesters(database, ingesters_wanted, chance)
        _run(store, sessions_wanted, chance, report, ingesters)
        codes = ingesters.stop()
        report.ingesters_killed = ingesters.killed
        report.faults += [f"an ingester ended with code {code}" for code in codes if code]
        _account(store, report)
    report.seconds = round(time.monotonic() - began, 1)
    return report


def _run(store: Store, wanted: int, chance: random.Random, report: Report, ingesters: Ingesters) -> None:
    at_work: dict[str, tuple[SessionRow, str, float]] = {}
    begun = 0
    while at_work or begun < wanted:
        while begun < wanted and len(at_work) < AT_ONCE:
            probes = ["a", *chance.sample(MENU, chance.randint(1, 4))]
            row = stub_sessions.begin(store, *probes, uid=f"{begun:032x}")
            fate = chance.choice(FATES)
            report.fates[fate] += 1
            at_work[row.session.uid] = (row, fate, time.monotonic() + chance.uniform(0.2, 3.0))
            begun += 1
        alive = _folders_at_work()
        for uid, (row, fate, due) in list(at_work.items()):
            if fate != "none" and time.monotonic() > due:
                _strike(store, row, fate)
                again = fate == "kill session twice"
                at_work[uid] = (row, "kill session" if again else "none", time.monotonic() + chance.uniform(0.2, 2.0))
                if again:
                    BACKENDS["local"].start(row.folder)  # as a backend does that starts a job again
            elif fate == "none" and str(row.folder) not in alive:
                del at_work[uid]
        ingesters.trouble()
        time.sleep(0.2)


def _strike(store: Store, row: SessionRow, fate: str) -> None:
    handle = read_handle(row.folder)
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        process = psutil.Process(handle.pid if handle and handle.pid else -1)
        if fate == "cancel":
            with contextlib.suppress(Exception):  # it has ended meanwhile
                cancel(store, row)
        elif fate == "kill worker":
            for child in process.children():
                child.kill()
        else:
            os.kill(process.pid, signal.SIGKILL)


def _folders_at_work() -> set[str]:
    """Folders that a process still names in its command line: of a session, or of its probes."""
    words = {word for process in psutil.process_iter() for word in _words(process)}
    return words | {str(Path(word).parent) for word in words if word.endswith(EVENTS)}


def _words(process: psutil.Process) -> list[str]:
    try:
        return [] if process.status() == psutil.STATUS_ZOMBIE else list(process.cmdline())
    except psutil.Error:
        return []


def _account(store: Store, report: Report) -> None:
    """Hold the database against the folders: every line once, in order; every session judged once for its last word."""
    known, digest = Sessions(store), hashlib.sha256()
    rows = known.all()
    if len(rows) != report.sessions:
        report.faults.append(f"{len(rows)} of {report.sessions} sessions are stored")
    for row in reversed(rows):
        uid, path = row.session.uid, row.folder / EVENTS
        there = []
        while found := lines(path, there[-1].end if there else 0):
            there += found
        size = path.stat().st_size if path.exists() else 0  # one that was killed at once has not begun it
        report.torn += size != (there[-1].end if there else 0)
        expected = [(line.begin, line.end, hashlib.sha256(line.text).hexdigest()) for line in there]
        kept = store.db.execute(
            "SELECT first_byte, next_byte, sha256 FROM session_events WHERE session = ? ORDER BY id", [uid]
        ).fetchall()
        if kept != expected:
            report.faults.append(f"session {row.number}: {len(kept)} lines stored, {len(expected)} in the folder")
        digest.update(repr(kept).encode())
        events = [event for line in there if (event := parsed(line.text))]
        measured = {event.outcome.probe for event in events if isinstance(event, Ended)}
        stored = known.outcomes(uid)
        if measured != set(stored):
            report.faults.append(f"session {row.number}: outcomes {sorted(stored)} stored, {sorted(measured)} written")
        closings = _count(store, "session_closings WHERE session = ?", uid)
        findings = _count(store, "findings WHERE attempt = ?", row.session.attempt)
        if not closings or findings != closings * len(row.session.checks):
            report.faults.append(f"session {row.number}: {findings} findings for {closings} closings")
        closing = known.closing(uid)
        last = [event for event in events if isinstance(event, SessionEnded)]
        if closing is None or (closing.state is SessionState.DONE) != bool(last and last[-1].state == "done"):
            report.faults.append(f"session {row.number}: {closing} is not what its folder says")
        report.states[closing.state.value if closing else "open"] += 1
        report.lines += len(kept)
        report.outcomes += len(stored)
        report.findings += findings
    rows_in_all = _count(store, "outcomes")
    if rows_in_all != report.outcomes:
        report.faults.append(f"{rows_in_all} outcomes stored, {report.outcomes} belong to a session")
    report.digest = digest.hexdigest()[:16]


def _count(store: Store, rows: str, *parameters: str) -> int:
    """How many rows there are of `TABLE [WHERE ...]`."""
    return int(store.db.execute(f"SELECT count(*) FROM {rows}", parameters).fetchone()[0])


def main(sessions_wanted: str = "200", ingesters_wanted: str = "4", seed: str = "1") -> int:
    """Run it in a folder of its own, and say what came of it."""
    with tempfile.TemporaryDirectory(prefix="aqboard-soak-") as folder:
        report = soak(Path(folder), int(sessions_wanted), int(ingesters_wanted), int(seed))
    print(report)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
