"""A check session: one run of probes for one attempt, somewhere. Its state is derived, from what it wrote itself and
from what its backend says of it; never stored by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints

from aqboard.domain.model import Record
from aqboard.domain.plan import SlurmMemory, SlurmTime, SlurmWord
from aqboard.domain.session.events import Event, SessionEnded, SessionStarted


class CheckJob(Record):
    """Kept with the session as its `resources`, so that it can be seen later what was asked for."""

    account: SlurmWord
    partition: SlurmWord
    time: SlurmTime
    gpus: int = Field(ge=0, le=16)
    gpu_request: Literal["gpus-per-node", "gres"]
    """The directive that asks for GPUs on this cluster."""
    cpus: int | None = Field(default=None, ge=1, le=1024)
    """None takes what Slurm gives one task by default."""
    memory: SlurmMemory | None = None
    """None takes what Slurm gives by default."""
    python: str | None = None
    container: tuple[str, ...] = ()


Uid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""Names the session's folder too, so nothing else may stand in it."""
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class SessionState(StrEnum):
    """Where a session stands. Of the four at the end only `done` means that every probe came to its own end."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """It stopped before it was through, and it is known why."""
    CANCELLED = "cancelled"
    LOST = "lost"
    """It stopped before it was through, and nobody can say why: no last line, and its backend has no trace of it."""

    @property
    def over(self) -> bool:
        """Whether nothing more is expected."""
        return self not in (SessionState.QUEUED, SessionState.RUNNING)


class CheckSession(Record):
    """What is to be measured, for which attempt, and where; written into the session's folder before it starts."""

    uid: Uid = Field(default_factory=lambda: uuid4().hex)
    attempt: Uid
    backend: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    requested_by: Person
    created_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    checks: tuple[str, ...]
    """Ids of the checks that this session answers, in reading order; all of the attempt's, or some asked again."""
    left_out: tuple[str, ...] = ()
    """Those of `checks` that nobody asks: they are skipped, and say so."""
    probes: tuple[str, ...]
    """What the others need, in the order in which it is measured."""
    limits: dict[str, float]
    """Probe -> seconds after which it is stopped."""
    resources: dict[str, JsonValue] = Field(default_factory=dict)
    """What the backend is asked for; each backend says what it understands. The local one understands nothing."""


class BackendStatus(Record):
    """What a backend says of a session that it was given."""

    word: Literal["queued", "running", "ended", "cancelled", "lost", "unknown"]
    """`ended`: it stopped, `why` says how. `cancelled`: by way of the backend. `lost`: the node failed, or there is no
    trace of it. `unknown`: the backend cannot be asked now, which changes nothing."""
    why: str = ""
    """Words that follow "The session's process", e.g. `was killed by signal 9`; empty where there is nothing to say."""

    @property
    def over(self) -> bool:
        """Whether the process will never write again."""
        return self.word in ("ended", "cancelled", "lost")


class CancelRequest(Record):
    """A person wants the session to stop. The file `cancel` in its folder."""

    by: Person
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Heard:
    """An event, and when the machine with the database first saw it, by that machine's clock."""

    event: Event
    at: datetime


class SessionStatus(Record):
    """A session's state, and a sentence that says why; empty while there is nothing to say."""

    state: SessionState
    why: str = ""
    by_itself: bool = False
    """Whether the session's own last line says so, rather than its backend."""


def fold(
    events: Iterable[Event], sighting: BackendStatus | None = None, cancel: CancelRequest | None = None
) -> SessionStatus:
    """Where a session stands, from its events in the order of its file and its backend's latest word.

    The session's own last line counts for more than what the backend says: a process that ended well may be gone.
    """
    last: SessionEnded | None = None
    started = False
    for event in events:
        started = True
        if isinstance(event, SessionEnded):
            last = event
        elif isinstance(event, SessionStarted):
            last = None  # its backend started it again
    if last is not None and last.state != "stopped":
        return SessionStatus(state=SessionState(last.state), why=last.why, by_itself=True)
    if last is not None:
        return _stopped(last, sighting)
    if sighting is None or not sighting.over:
        return _at_work(started, sighting, cancel)
    return _gone(started, sighting, cancel)


def _stopped(last: SessionEnded, sighting: BackendStatus | None) -> SessionStatus:
    """Asked to end by a signal: the backend knows who asked, so its word is waited for where there is one."""
    if sighting is None:
        return SessionStatus(state=SessionState.FAILED, why=last.why, by_itself=True)
    if not sighting.over:
        return SessionStatus(state=SessionState.RUNNING, why=last.why)
    state = SessionState.CANCELLED if sighting.word == "cancelled" else SessionState.FAILED
    told = f"The session's process {sighting.why}. " if sighting.why and sighting.word != "lost" else ""
    return SessionStatus(state=state, why=f"{told}{last.why}".strip(), by_itself=True)


def _at_work(started: bool, sighting: BackendStatus | None, cancel: CancelRequest | None) -> SessionStatus:
    state = SessionState.RUNNING if started or (sighting and sighting.word == "running") else SessionState.QUEUED
    parts = [f"Cancelled by {cancel.by}; it has not stopped yet."] if cancel else []
    if sighting and sighting.why:
        parts.append(f"{sighting.word}: {sighting.why}")
    return SessionStatus(state=state, why=" ".join(parts))


def _gone(started: bool, sighting: BackendStatus, cancel: CancelRequest | None) -> SessionStatus:
    """No last line, and none will come."""
    if sighting.word == "cancelled" or cancel:
        by = f" by {cancel.by}" if cancel else ""
        return SessionStatus(state=SessionState.CANCELLED, why=f"Cancelled{by}{'' if started else ' before it began'}.")
    state = SessionState.LOST if sighting.word == "lost" else SessionState.FAILED
    how = sighting.why or "is gone"
    return SessionStatus(
        state=state, why=f"The session's process {how}, before {'its end' if started else 'it began'}."
    )


class ProbeProgress(Record):
    """One probe of a session, as it is shown while it works."""

    probe: str
    status: Literal["waiting", "running", "measured", "unavailable", "broke", "missed"]
    """`missed`: the session ended without it."""
    message: str = ""
    elapsed_s: float = 0.0
    expected_s: float
    """What this probe took the last time on this backend; its limit where it has not run there yet."""
    limit_s: float


def progress(
    session: CheckSession, heard: Sequence[Heard], state: SessionState, now: datetime, usual: Mapping[str, float]
) -> tuple[ProbeProgress, ...]:
    """Every probe of the session in its order. `usual`: probe -> seconds it took the last time on this backend."""
    at_work: dict[str, tuple[datetime, str]] = {}
    done: dict[str, ProbeProgress] = {}

    def line(probe: str, status: str, message: str, elapsed: float) -> ProbeProgress:
        limit = session.limits.get(probe, 0.0)
        return ProbeProgress.model_validate(
            {
                "probe": probe,
                "status": status,
                "message": message,
                "elapsed_s": round(max(elapsed, 0.0), 3),
                "expected_s": usual.get(probe, limit),
                "limit_s": limit,
            }
        )

    for event in (each.event for each in heard):
        match event.event:
            case "started":
                at_work[event.probe] = (event.at, "")
            case "progressed" if event.probe in at_work:
                at_work[event.probe] = (at_work[event.probe][0], event.message)
            case "ended":
                at_work.pop(event.outcome.probe, None)
                outcome = event.outcome
                done.setdefault(outcome.probe, line(outcome.probe, outcome.status, outcome.message, outcome.seconds))
            case "session_started":
                at_work.clear()
            case _:
                pass
    if not state.over:
        for probe, (began, message) in at_work.items():
            # Both differences are of one clock each, so a node whose clock is wrong shows the right time all the same.
            latest = heard[-1]
            elapsed = (latest.event.at - began).total_seconds() + (now - latest.at).total_seconds()
            done.setdefault(probe, line(probe, "running", message, elapsed))
    rest = "missed" if state.over else "waiting"
    return tuple(done.get(probe) or line(probe, rest, "", 0.0) for probe in session.probes)
