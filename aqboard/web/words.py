"""The words and signs of the dashboard: never a colour alone, always a sign and a word."""

from datetime import datetime
from typing import NamedTuple

from aqboard.checks import SUITE
from aqboard.domain.finding import Severity, Stage, Verdict
from aqboard.domain.readiness import State
from aqboard.domain.session.check_session import SessionState


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

_CHECKS = {check.id: check for check in SUITE}


def verdict_face(verdict: str | None) -> Face:
    """The sign and word of a verdict; None stands for a check without a finding."""
    return NOT_RUN if verdict is None else VERDICTS[verdict]


def job_face(state: str | None) -> Face:
    """The sign and word of a job's state; None stands for one that Slurm has not been asked about."""
    return SUBMITTED if state is None else JOB_STATES.get(state, Face("❔", state.lower()))


def check_title(check: str) -> str:
    """The title of a check; its id when this version of aqboard does not know it."""
    return _CHECKS[check].title if check in _CHECKS else check


def check_question(check: str) -> str:
    """The question a check asks, in one line; empty when this version of aqboard does not know it."""
    return _CHECKS[check].question if check in _CHECKS else ""


def check_stage(check: str) -> Stage | None:
    """The stage a check belongs to; None when this version of aqboard does not know it."""
    return _CHECKS[check].stage if check in _CHECKS else None


def moment(when: datetime) -> str:
    """Date and minute in UTC, as people read it."""
    return when.strftime("%Y-%m-%d %H:%M UTC")


def lasting(seconds: float) -> str:
    """A time span as people read it: `1.5 s`, `2 min 5 s`, `3 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_rest} min" if minutes_rest else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def size(count: int) -> str:
    """A number of bytes with its unit; exact below 10 kB, where single bytes tell files apart."""
    if count < 10_000:
        return f"{count} bytes"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def short(digest: str, length: int = 12) -> str:
    """The head of a digest, enough to tell files apart by eye."""
    return digest[:length]
