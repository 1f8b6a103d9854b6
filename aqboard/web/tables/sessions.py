"""Check sessions as rows: what each check waits for, how far it is, and how earlier sessions ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aqboard.checks import Check
from aqboard.domain.session.check_session import ProbeProgress, Standing
from aqboard.sessions.control import SessionView
from aqboard.store.sessions import SessionRow
from aqboard.web.words import PROBE_STATES, SESSION_STATES, Face, lasting, moment

LEFT_OUT = Face("⏭️", "left out")
NOTHING_TO_MEASURE = Face("⏭️", "does not apply")
FIRST_OF = ("running", "broke", "missed", "unavailable", "waiting", "measured")
"""A check that needs several probes shows the first of these that one of them has."""

Row = dict[str, str | int]
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


def check_lines(view: SessionView, suite: Iterable[Check]) -> tuple[CheckLine, ...]:
    """One line per check that the session answers, in reading order."""
    session = view.row.session
    probes = {probe.probe: probe for probe in view.probes}
    return tuple(
        _line(check, [probes[kind.kind] for kind in check.needs if kind.kind in probes], check.id in session.left_out)
        for check in suite
        if check.id in session.checks
    )


def _line(check: Check, needed: list[ProbeProgress], left_out: bool) -> CheckLine:
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
    """How far a session is: a share between 0 and 1, and a sentence."""

    share: float
    sentence: str


def overall(view: SessionView) -> Overall:
    """What has been measured, what is being measured now, and for how long."""
    total = len(view.probes)
    ended = sum(probe.status not in ("waiting", "running", "missed") for probe in view.probes)
    now = next((probe for probe in view.probes if probe.status == "running"), None)
    sentence = f"{ended} of {total} measurements"
    if now is None:
        return Overall(ended / total if total else 0.0, sentence)
    said = f": {now.message}" if now.message else ""
    about = "about" if is_known(now) else "at most"
    sentence += f" · {now.probe}{said} · {lasting(now.elapsed_s)} of {about} {lasting(now.expected_s)}"
    within = min(now.elapsed_s / now.expected_s, 0.95) if now.expected_s else 0.0
    return Overall((ended + within) / total, sentence)


def session_rows(ended: Iterable[SessionRow], closings: Mapping[str, Standing], spans: Mapping[str, Span]) -> list[Row]:
    """One row per session, in the order given."""
    return [_row(row, closings[row.session.uid], spans.get(row.session.uid)) for row in ended]


def _row(row: SessionRow, standing: Standing, span: Span | None) -> Row:
    session = row.session
    asked = len(session.checks) - len(session.left_out)
    return {
        "no.": row.number,
        "state": str(SESSION_STATES[standing.state]),
        "why": standing.why,
        "checks": asked,
        "started": moment(session.created_at),
        "took": lasting((span[1] - span[0]).total_seconds()) if span else "–",
        "by": session.requested_by,
        "backend": f"{session.backend} (imported)" if row.imported else session.backend,
    }
