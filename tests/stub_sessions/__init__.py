"""Real sessions, in real processes, with a stub in the place of the probes: each does what its name says."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aqboard.checks.check import Check
from aqboard.domain.attempt import Attempt
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.finding import Judgement, Severity, Stage, Verdict, passed
from aqboard.domain.session.check_session import CheckSession, SessionStatus
from aqboard.domain.session.events import Ended, ProbeOutcome, Progressed, SessionEnded, SessionStarted, Started
from aqboard.sessions import control, judging
from aqboard.sessions import folder as session_folder
from aqboard.sessions.backend import EVENTS
from aqboard.sessions.backends import BACKENDS
from aqboard.sessions.backends.local import MODULE, LocalBackend
from aqboard.sessions.control import follow, sessions_folder, start
from aqboard.sessions.events import append
from aqboard.sessions.ingest import RetryPolicy
from aqboard.store import Store
from aqboard.store.sessions import SessionRow, Sessions
from tests import samples

HERE = Path(__file__).parent
PROBES = (
    *("a", "b", "c", "d", "killed", "segfault", "exits", "torn", "hangs", "garbage", "floods", "forks"),
    *("memory", "slow", "twice", "kills_session", "fills", "z", "unused"),
)


def command(folder: Path) -> tuple[str, ...]:
    """The session's real process, whose probes are stubs."""
    return (sys.executable, "-P", str(HERE / "session.py"), MODULE, str(folder))


def _check(probe: str) -> Check:
    kind = type(f"Evidence_{probe}", (Evidence,), {"kind": probe, "__module__": __name__})

    def judge(_: object, __: Evidence) -> Judgement:
        return passed("seen")

    return Check(f"stub.{probe}", f"Stub {probe}", Stage.FORWARD, Severity.BLOCKS, (kind,), judge)


SUITE = tuple(map(_check, PROBES))


def install(patch: pytest.MonkeyPatch) -> LocalBackend:
    """A local session's probes, and the checks that judge them, are stubs until `patch` is undone.

    A fixture gives its test's own `monkeypatch`: what the test replaces on top is then taken back first.
    """
    backend = LocalBackend(command)
    patch.setitem(BACKENDS, "local", backend)
    for module in (judging, control):
        patch.setattr(module, "installed_suite", lambda: SUITE)
    return backend


@contextmanager
def installed() -> Iterator[LocalBackend]:
    """The same, until the end of the block only."""
    with pytest.MonkeyPatch.context() as patch:
        yield install(patch)


def attempt(uid: str = "0" * 32, limits: Mapping[str, float] | None = None, **changes: Any) -> Attempt:
    """An attempt that is judged by the stubs' checks."""
    plan = samples.plan(limits=dict(limits or {}))
    return samples.attempt(tuple(check.id for check in SUITE), uid=uid, plan=plan, **changes)


def begin(store: Store, *probes: str, uid: str = "0" * 32, **limits: float) -> SessionRow:
    """Start a session with these stubs."""
    checks = [f"stub.{probe}" for probe in probes]
    return start(store, attempt(uid, limits), checks=checks, requested_by="Ada")


def by_hand(store: Store, *probes: str, uid: str = "0" * 32, ended: bool = True, imported: bool = False) -> SessionRow:
    """A session as its process would have left it, without one: for what happens after."""
    session = CheckSession(
        uid=uid,
        attempt="0" * 32,
        backend="local",
        requested_by="Ada",
        checks=tuple(f"stub.{probe}" for probe in probes),
        probes=probes,
        limits=dict.fromkeys(probes, 60.0),
    )
    folder = sessions_folder(store.path) / uid
    session_folder.create(folder, session, attempt())
    write_events(folder, probes, ended=ended)
    return Sessions(store).add(session, attempt(), folder, imported=imported)


def write_events(folder: Path, probes: Sequence[str], *, ended: bool = True) -> None:
    """Everything that a session says that measures these probes, in order."""
    events = folder / EVENTS
    append(events, SessionStarted(host="nid001", pid=7))
    for probe in probes:
        append(events, Started(probe=probe))
        append(events, Progressed(probe=probe, message="half-way"))
        append(events, Ended(outcome=ProbeOutcome(probe=probe, status="measured", evidence={}, seconds=0.5)))
    if ended:
        append(events, SessionEnded(state="done", files=session_folder.sums(folder)))


def run(store: Store, *probes: str, uid: str = "0" * 32, **limits: float) -> tuple[SessionRow, SessionStatus]:
    """Run a session to its end."""
    row = begin(store, *probes, uid=uid, **limits)
    return row, follow(store, row, patience=RetryPolicy(seconds=5, pause_s=0.05))


def verdicts(store: Store, row: SessionRow) -> dict[str, Verdict]:
    """Probe -> verdict of its check, of those that have one."""
    found = store.attempt(row.attempt).findings
    return {finding.check.removeprefix("stub."): finding.verdict for finding in found}


def summaries(store: Store, row: SessionRow) -> dict[str, str]:
    """Probe -> what its finding says."""
    return {finding.check.removeprefix("stub."): finding.summary for finding in store.attempt(row.attempt).findings}


def count(store: Store, table: str) -> int:
    """Rows of a table."""
    return int(store.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
