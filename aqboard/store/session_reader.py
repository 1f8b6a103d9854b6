"""Check sessions in the database, read back: what was asked for, what was heard of each, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aqboard.domain.errors import SessionError
from aqboard.domain.session.check_session import BackendStatus, CheckSession, Heard, SessionState, SessionStatus
from aqboard.domain.session.events import ProbeOutcome, parsed
from aqboard.store.rows import query
from aqboard.store.store import Store

GARBAGE = "garbage"
"""The kind of a line that is no event; kept by its place and digest, so that nothing read is unaccounted for."""

FROM_SESSIONS = """
    SELECT sessions.number, sessions.data, attempts.number, attempts.name, folder, imported, sessions.recorded_at
    FROM sessions JOIN attempts ON attempts.uid = sessions.attempt
"""


@dataclass(frozen=True)
class SessionRow:
    """One session as it was asked for."""

    number: int
    session: CheckSession
    attempt: int
    """The attempt's number."""
    name: str
    """The attempt's name."""
    folder: Path
    imported: bool
    recorded_at: datetime


@dataclass(frozen=True)
class HeardEvent(Heard):
    """An event as it is kept here: its evidence lies with the outcomes, and is not repeated."""

    id: int


class SessionReader:
    """The sessions in a store, to be read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = store.db

    def all(self, *, open_only: bool = False, attempt: int | None = None) -> tuple[SessionRow, ...]:
        """Every session, newest first; those without an end alone with `open_only`, one attempt's with `attempt`."""
        where = ["sessions.uid NOT IN (SELECT session FROM session_closings)"] if open_only else []
        where += ["attempts.number = ?"] if attempt is not None else []
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        rows = query(
            self._db,
            f"{FROM_SESSIONS} {condition} ORDER BY sessions.number DESC",
            *([attempt] if attempt is not None else []),
        )
        return tuple(map(_session_row, rows))

    def given_up(self) -> tuple[SessionRow, ...]:
        """Those that ended by their backend's word alone."""
        given_up = "SELECT session FROM session_closings GROUP BY session HAVING max(by_itself) = 0"
        return tuple(map(_session_row, query(self._db, f"{FROM_SESSIONS} WHERE sessions.uid IN ({given_up})")))

    def find(self, name: int | str) -> SessionRow:
        """The session with this number, or whose uid begins so; raises SessionError when there is not exactly one."""
        text = str(name)
        number = int(text) if text.isdecimal() and len(text) < 10 else 0
        rows = query(self._db, f"{FROM_SESSIONS} WHERE sessions.number = ?", number)
        if not rows and len(text) >= 6 and text.isalnum():
            rows = query(self._db, f"{FROM_SESSIONS} WHERE sessions.uid GLOB ?", f"{text.lower()}*")
        if len(rows) != 1:
            raise SessionError(
                f"There is no session {text!r} in {self._store.path}. `aqboard sessions` lists them."
                if not rows
                else f"Several sessions begin with {text!r}; give more of it."
            )
        return _session_row(rows[0])

    def position(self, uid: str) -> int:
        """How far the session's file has been read, in bytes."""
        furthest = "SELECT coalesce(max(next_byte), 0) FROM session_events WHERE session = ?"
        return int(query(self._db, furthest, uid)[0][0])

    def events(self, uid: str, after: int = 0) -> tuple[HeardEvent, ...]:
        """Its events in the order of its file, those with a larger id than `after`; garbage is left out."""
        rows = query(
            self._db,
            "SELECT id, data, recorded_at FROM session_events "
            "WHERE session = ? AND id > ? AND kind != ? ORDER BY first_byte",
            uid,
            after,
            GARBAGE,
        )
        return tuple(
            HeardEvent(event=event, at=datetime.fromisoformat(at), id=int(number))
            for number, data, at in rows
            if (event := parsed(data)) is not None
        )

    def outcomes(self, uid: str) -> dict[str, ProbeOutcome]:
        """What became of each probe in this session, with its evidence."""
        rows = query(
            self._db,
            "SELECT outcomes.data FROM session_events JOIN outcomes ON outcomes.id = session_events.outcome "
            "WHERE session = ? ORDER BY first_byte",
            uid,
        )
        return {found.probe: found for found in (ProbeOutcome.model_validate_json(data) for (data,) in rows)}

    def sighting(self, uid: str) -> tuple[BackendStatus, datetime] | None:
        """What its backend said last, and since when; None when it was never asked."""
        rows = query(
            self._db,
            "SELECT word, why, recorded_at FROM session_sightings WHERE session = ? ORDER BY id DESC LIMIT 1",
            uid,
        )
        if not rows:
            return None
        word, why, at = rows[0]
        return BackendStatus.model_validate({"word": word, "why": why}), datetime.fromisoformat(at)

    def closing(self, uid: str) -> SessionStatus | None:
        """How it ended; None while it has not. Its own word comes before its backend's."""
        return self.closings([uid]).get(uid)

    def closings(self, uids: Sequence[str]) -> dict[str, SessionStatus]:
        """How each of these ended; those that have not are left out."""
        marks = ",".join("?" * len(uids))
        rows = query(
            self._db,
            "SELECT session, state, why, by_itself FROM session_closings "
            f"WHERE session IN ({marks}) ORDER BY by_itself",
            *uids,
        )
        return {
            uid: SessionStatus(state=SessionState(state), why=why, by_itself=bool(itself))
            for uid, state, why, itself in rows
        }

    def spans(self, uids: Sequence[str]) -> dict[str, tuple[datetime, datetime]]:
        """When the first and last event of each session happened, by the clock of the machine that wrote them."""
        marks = ",".join("?" * len(uids))
        rows = query(
            self._db,
            "SELECT session, min(json_extract(data, '$.at')), max(json_extract(data, '$.at')) FROM session_events "
            f"WHERE session IN ({marks}) AND kind != ? GROUP BY session",
            *uids,
            GARBAGE,
        )
        return {uid: (datetime.fromisoformat(first), datetime.fromisoformat(last)) for uid, first, last in rows}

    def usual_seconds(self, backend: str) -> dict[str, float]:
        """What each probe took the last time it was measured on this backend."""
        rows = query(
            self._db,
            "SELECT outcomes.probe, outcomes.seconds FROM outcomes WHERE outcomes.id IN ("
            "SELECT max(outcomes.id) FROM outcomes JOIN session_events ON session_events.outcome = outcomes.id "
            "JOIN sessions ON sessions.uid = session_events.session "
            "WHERE sessions.backend = ? AND outcomes.status = 'measured' GROUP BY outcomes.probe)",
            backend,
        )
        return {probe: float(seconds) for probe, seconds in rows}

    def revision(self) -> tuple[int, ...]:
        """A value that changes whenever anything about any session does."""
        tables = ("sessions", "session_events", "session_sightings", "session_closings")
        newest = ", ".join(f"(SELECT coalesce(max(rowid), 0) FROM {table})" for table in tables)
        return tuple(map(int, query(self._db, f"SELECT {newest}")[0]))


def _session_row(row: tuple[str, ...]) -> SessionRow:
    number, data, attempt, name, folder, imported, at = row
    return SessionRow(
        number=int(number),
        session=CheckSession.model_validate_json(data),
        attempt=int(attempt),
        name=name,
        folder=Path(folder),
        imported=bool(imported),
        recorded_at=datetime.fromisoformat(at),
    )
