"""Check sessions as rows: what each check waits for, how far it is, and how earlier sessions ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aqboard.domain.session.check_session import ProbeProgress, SessionStatus
from aqboard.domain.words import lasting, moment
from aqboard.show.words import NONE, PROBE_STATES, SESSION_STATES, Face, Row

if TYPE_CHECKING:
    from aqboard.checks.check import Check
    from aqboard.sessions.control import SessionView
    from aqboard.store.sessions import SessionRow

LEFT_OUT = Face("⏭️", "left out")
NOTHING_TO_MEASURE = Face("⏭️", "does not apply")
FIRST_OF = ("running", "broke", "missed", "unavailable", "waiting", "measured")
"""A check that needs several probes shows the first of these that one of them has."""

Span = tuple[datetime, datetime]
"""First and last event of a session."""


@dataclass(frozen=True)
class CheckLine:
    """How far one check is."""

    check: str
    title: str
    face: Face
    time: str
    message: str


def check_lines(view: "SessionView", suite: Iterable["Check"]) -> tuple[CheckLine, ...]:
    """One line per check that the session answers, in reading order."""
    session = view.row.session
    probes = {probe.probe: probe for probe in view.probes}
    return tuple(
        _line(check, [probes[kind.kind] for kind in check.needs if kind.kind in probes], check.id in session.left_out)
        for check in suite
        if check.id in session.checks
    )


def _line(check: "Check", needed: list[ProbeProgress], left_out: bool) -> CheckLine:
    if left_out or not needed:
        return CheckLine(check.id, check.title, LEFT_OUT if left_out else NOTHING_TO_MEASURE, "", "")
    status = next(status for status in FIRST_OF if any(probe.status == status for probe in needed))
    telling = next(probe for probe in needed if probe.status == status)
    said = f"{telling.probe}: {telling.message}" if telling.message else ""
    return CheckLine(check.id, check.title, PROBE_STATES[status], _time(needed, status), said)


def _time(needed: Sequence[ProbeProgress], status: str) -> str:
    elapsed = sum(probe.elapsed_s for probe in needed)
    expected = sum(probe.expected_s for probe in needed)
    known = all(is_known(probe) for probe in needed)
    if status == "waiting":
        return f"about {lasting(expected)}" if known else ""
    if status == "running":
        return f"{lasting(elapsed)} of {'about' if known else 'at most'} {lasting(expected)}"
    return lasting(elapsed) if elapsed else ""


def is_known(probe: ProbeProgress) -> bool:
    """Whether the time that a probe takes was ever measured; without that, what is expected is its limit."""
    return probe.expected_s < probe.limit_s


@dataclass(frozen=True)
class Overall:
    """How far a session is."""

    share: float
    """Between 0 and 1."""
    ended: str
    """How many measurements have ended: `3 of 12`."""
    now: str
    """What is being measured, and for how long; empty when nothing is."""

    @property
    def sentence(self) -> str:
        """Both in one line."""
        return f"{self.ended} measurements" + (f" · {self.now}" if self.now else "")


def overall(view: "SessionView") -> Overall:
    """What has been measured, what is being measured now, and for how long."""
    total = len(view.probes)
    ended = sum(probe.status not in ("waiting", "running", "missed") for probe in view.probes)
    running = next((probe for probe in view.probes if probe.status == "running"), None)
    if running is None:
        return Overall(ended / total if total else 0.0, f"{ended} of {total}", "")
    said = f": {running.message}" if running.message else ""
    about = "about" if is_known(running) else "at most"
    now = f"{running.probe}{said} · {lasting(running.elapsed_s)} of {about} {lasting(running.expected_s)}"
    within = min(running.elapsed_s / running.expected_s, 0.95) if running.expected_s else 0.0
    return Overall((ended + within) / total, f"{ended} of {total}", now)


def backend_words(row: "SessionRow") -> str:
    """Where the session ran, or that it was brought here from elsewhere."""
    return f"{row.session.backend} (imported)" if row.imported else row.session.backend


def session_rows(
    ended: Iterable["SessionRow"], closings: Mapping[str, SessionStatus], spans: Mapping[str, Span]
) -> list[Row]:
    """One row per session, in the order given."""
    return [_row(row, closings[row.session.uid], spans.get(row.session.uid)) for row in ended]


def _row(row: "SessionRow", standing: SessionStatus, span: Span | None) -> Row:
    session = row.session
    asked = len(session.checks) - len(session.left_out)
    return {
        "no.": row.number,
        "state": str(SESSION_STATES[standing.state]),
        "why": standing.why,
        "checks": asked,
        "started": moment(session.created_at),
        "took": lasting((span[1] - span[0]).total_seconds()) if span else NONE,
        "by": session.requested_by,
        "backend": backend_words(row),
    }
