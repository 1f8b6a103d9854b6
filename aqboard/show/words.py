"""The words and signs that people see: never a colour alone, always a sign and a word."""

from typing import NamedTuple

from aqboard.domain.finding import Severity, Stage, Verdict
from aqboard.domain.identity import IdentifiedBy
from aqboard.domain.readiness import State
from aqboard.domain.session.check_session import SessionState
from aqboard.domain.signing.waiver import WaiverState

Row = dict[str, str | int | float]
"""One line of a table: the cells by the names of their columns, as text or as figures to sort by."""

YES, NO = "✅ yes", "❌ no"
NONE = "–"
"""In a cell, where there is nothing to say."""
ABSENT = "(absent)"
"""In a cell, where one of the compared sides has no such entry."""


class Face(NamedTuple):
    """A sign and the word that goes with it."""

    icon: str
    word: str

    def __str__(self) -> str:
        return f"{self.icon} {self.word}"


VERDICTS: dict[str, Face] = {
    Verdict.PASS: Face("✅", "pass"),
    Verdict.WARN: Face("⚠️", "warn"),
    Verdict.FAIL: Face("❌", "fail"),
    Verdict.ERROR: Face("💥", "error"),
    Verdict.SKIP: Face("⏭️", "skip"),
}
NOT_RUN = Face("⬜", "not run")

STATES: dict[str, Face] = {
    State.READY: Face("✅", "READY"),
    State.NOT_READY: Face("⛔", "NOT READY"),
    State.INCOMPLETE: Face("❔", "INCOMPLETE"),
}
STATE_MEANS: dict[str, str] = {
    State.READY: "Every check that can block the launch passed. A named person may say GO.",
    State.NOT_READY: "At least one check found a fault that would spoil the launch.",
    State.INCOMPLETE: "No fault was seen, but not everything that can block the launch was measured.",
}

SESSION_STATES: dict[str, Face] = {
    SessionState.QUEUED: Face("🕒", "queued"),
    SessionState.RUNNING: Face("🔄", "running"),
    SessionState.DONE: Face("✅", "done"),
    SessionState.FAILED: Face("❌", "failed"),
    SessionState.CANCELLED: Face("🚫", "cancelled"),
    SessionState.LOST: Face("❓", "lost"),
}
PROBE_STATES: dict[str, Face] = {
    "waiting": Face("⬜", "waiting"),
    "running": Face("🔄", "running"),
    "measured": Face("✅", "measured"),
    "unavailable": Face("⏭️", "not measured"),
    "broke": Face("💥", "broke"),
    "missed": Face("🚫", "not reached"),
}

JOB_STATES: dict[str, Face] = {
    "PENDING": Face("⏳", "waiting"),
    "RUNNING": Face("▶️", "running"),
    "SUSPENDED": Face("⏸️", "suspended"),
    "COMPLETED": Face("✅", "completed"),
    "FAILED": Face("❌", "failed"),
    "CANCELLED": Face("🚫", "cancelled"),
    "TIMEOUT": Face("⌛", "time limit"),
    "NODE_FAIL": Face("💥", "node failed"),
    "OUT_OF_MEMORY": Face("💥", "out of memory"),
    "PREEMPTED": Face("↩️", "preempted"),
    "UNKNOWN": Face("❔", "unknown"),
}
SUBMITTED = Face("📨", "submitted")
GUARD_STATES: dict[str, Face] = {
    "running": Face("🛡️", "guarded"),
    "finished": Face("🛡️", "as signed"),
    "stopped": Face("🛑", "stopped"),
}

WAIVER_STATES: dict[WaiverState, Face] = {
    WaiverState.PROPOSED: Face("✋", "proposed"),
    WaiverState.IN_FORCE: Face("⚠️", "in force"),
    WaiverState.REFUSED: Face("🚫", "refused"),
    WaiverState.EXPIRED: Face("⌛", "expired"),
    WaiverState.VOID: Face("🚫", "void"),
}
SIGNED: dict[IdentifiedBy, str] = {
    "none": "typed name, not verified",
    "os-user": "login name on the machine",
    "account": "by account and password",
    "proxy": "by the trusted proxy",
    "oidc": "by the identity provider",
}
"""How a person was identified, in a few words beside the name."""

STAGES: dict[str, str] = {
    Stage.CHECKPOINT: "Checkpoint",
    Stage.SCAN: "Wind scan",
    Stage.CACHE: "Scan caches",
    Stage.DATA: "Data",
    Stage.FORWARD: "Forward pass",
    Stage.LOSS: "First loss",
    Stage.TRAINING: "First training steps",
    Stage.LAUNCH: "Machine and job",
    Stage.PLUGIN: "Plugins",
}
SEVERITIES: dict[str, str] = {
    Severity.BLOCKS: "must pass",
    Severity.WARNS: "worth a look, does not block",
    Severity.INFORMS: "for information",
}


def verdict_face(verdict: str | None) -> Face:
    """The sign and word of a verdict; None stands for a check without a finding."""
    return NOT_RUN if verdict is None else VERDICTS[verdict]


def job_face(state: str | None) -> Face:
    """The sign and word of a job's state; None stands for one that Slurm has not been asked about."""
    return SUBMITTED if state is None else JOB_STATES.get(state, Face("❔", state.lower()))


def short(digest: str, length: int = 12) -> str:
    """The head of a digest, enough to tell files apart by eye."""
    return digest[:length]
