"""Check sessions in the database: append, and read back in the order of their files.

What one call writes it writes in one short transaction, so that a process killed in the middle has written nothing of
it; and it looks inside that transaction at what is there, so that two processes that read the same lines add them once.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import SessionError, StoreError
from aqboard.domain.events import Ended, Line, parsed
from aqboard.domain.finding import Finding
from aqboard.domain.outcome import ProbeOutcome
from aqboard.domain.session import CheckSession, Heard, SessionState, Sighting, Standing
from aqboard.store.audit import record
from aqboard.store.connection import writing
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


class Sessions:
    """The sessions in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = store._db

    # ------------------------------------------------------------------ append

    def add(self, session: CheckSession, attempt: Attempt, folder: Path, *, imported: bool = False) -> SessionRow:
        """Store a session, and its attempt if that is new; the same session again is left as it is.

        Raises SessionError when the database holds another attempt or session under the same name.
        """
        row = {
            "uid": session.uid,
            "attempt": session.attempt,
            "backend": session.backend,
            "folder": str(folder),
            "imported": int(imported),
            "recorded_at": _now(),
            "data": session.model_dump_json(),
        }
        with writing(self._db):
            self._require_same("attempts", attempt.uid, attempt.model_dump_json())
            if not self._query("SELECT 1 FROM attempts WHERE uid = ?", attempt.uid):
                self._store.add_attempt(attempt)
            self._require_same("sessions", session.uid, row["data"])
            if not self._query("SELECT 1 FROM sessions WHERE uid = ?", session.uid):
                facts = {"session": session.uid[:8], "backend": session.backend, "requested_by": session.requested_by}
                action = "checks imported" if imported else "checks asked for"
                self._tell(action, session.attempt, "sessions", self._insert("sessions", row), facts)
        return self.find(session.uid)

    def _tell(self, action: str, attempt: str, table: str, key: int, facts: Mapping[str, object]) -> None:
        """Put a row into the audit log, inside the transaction that wrote it."""
        ((number,),) = self._query("SELECT number FROM attempts WHERE uid = ?", attempt)
        record(self._db, action, f"attempt {number}", rows=(table, key, key), facts=facts)

    def _require_same(self, table: str, uid: str, data: object) -> None:
        rows = self._query(f"SELECT data FROM {table} WHERE uid = ?", uid)
        if rows and json.loads(rows[0][0]) != json.loads(str(data)):
            raise SessionError(
                f"The database knows {uid} in another form (table {table}): this folder was changed after it was made, "
                "or has nothing to do with it. Nothing was stored."
            )

    def add_lines(self, row: SessionRow, lines: Sequence[Line]) -> int:
        """Store lines of the session's file that follow what is known; those known already are passed over.

        Returns how many were new. Outcomes are stored in the same transaction; the first of a probe counts.
        """
        uid = row.session.uid
        with writing(self._db):
            known = self.position(uid)
            new = [line for line in lines if line.begin >= known]
            if new and new[0].begin != known:
                raise SessionError(
                    f"Lines of session {row.number} are missing between byte {known} and {new[0].begin}."
                )
            for line in new:
                self._add_line(row, line)
        return len(new)

    def _add_line(self, row: SessionRow, line: Line) -> None:
        event = parsed(line.text)
        outcome_id = None
        data, probe = "", ""
        if isinstance(event, Ended):
            probe = event.outcome.probe
            if not self._query(
                "SELECT 1 FROM session_events WHERE session = ? AND kind = 'ended' AND probe = ?",
                row.session.uid,
                probe,
            ):
                self._store.add_outcome(row.session.attempt, event.outcome)
                outcome_id = int(self._query("SELECT max(id) FROM outcomes")[0][0])
            slim = event.outcome.model_copy(update={"evidence": None})
            data = event.model_copy(update={"outcome": slim}).model_dump_json()
        elif event is not None:
            probe = str(getattr(event, "probe", ""))
            data = event.model_dump_json()
        self._insert(
            "session_events",
            {
                "session": row.session.uid,
                "recorded_at": _now(),
                "first_byte": line.begin,
                "next_byte": line.end,
                "kind": event.event if event else GARBAGE,
                "probe": probe,
                "sha256": hashlib.sha256(line.text).hexdigest(),
                "data": data,
                "outcome": outcome_id,
            },
        )

    def add_sighting(self, uid: str, sighting: Sighting) -> None:
        """Store what a backend says now, unless it said just that before."""
        with writing(self._db):
            latest = self.sighting(uid)
            if latest is None or latest[0] != sighting:
                self._insert(
                    "session_sightings",
                    {"session": uid, "recorded_at": _now(), "word": sighting.word, "why": sighting.why},
                )

    def close(self, row: SessionRow, standing: Standing, position: int, findings: Iterable[Finding]) -> bool:
        """Store how a session ended, with its findings; exactly once, whoever else tries.

        A session that its backend gave up may still end by itself: then its own word is stored too, and counts. Stores
        nothing, and returns False, when that word was stored before, or lines were added since `position` was judged.
        """
        uid = row.session.uid
        with writing(self._db):
            before = self.closing(uid)
            if before and (before.by_itself or not standing.by_itself):
                return False
            if self.position(uid) != position:
                return False
            key = self._insert(
                "session_closings",
                {
                    "session": uid,
                    "recorded_at": _now(),
                    "state": standing.state.value,
                    "why": standing.why,
                    "by_itself": int(standing.by_itself),
                },
            )
            facts = {"session": uid[:8], "state": standing.state.value}
            self._tell("checks ended", row.session.attempt, "session_closings", key, facts)
            self._store.add_findings(row.session.attempt, findings)
        return True

    # -------------------------------------------------------------------- read

    def all(self, *, open_only: bool = False, attempt: int | None = None) -> tuple[SessionRow, ...]:
        """Every session, newest first; those without an end alone with `open_only`, one attempt's with `attempt`."""
        where = ["sessions.uid NOT IN (SELECT session FROM session_closings)"] if open_only else []
        where += ["attempts.number = ?"] if attempt is not None else []
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        rows = self._query(
            f"{FROM_SESSIONS} {condition} ORDER BY sessions.number DESC", *([attempt] if attempt is not None else [])
        )
        return tuple(map(_session_row, rows))

    def given_up(self) -> tuple[SessionRow, ...]:
        """Those that ended by their backend's word alone."""
        given_up = "SELECT session FROM session_closings GROUP BY session HAVING max(by_itself) = 0"
        return tuple(map(_session_row, self._query(f"{FROM_SESSIONS} WHERE sessions.uid IN ({given_up})")))

    def find(self, name: int | str) -> SessionRow:
        """The session with this number, or whose uid begins so; raises SessionError when there is not exactly one."""
        text = str(name)
        number = int(text) if text.isdecimal() and len(text) < 10 else 0
        rows = self._query(f"{FROM_SESSIONS} WHERE sessions.number = ?", number)
        if not rows and len(text) >= 6 and text.isalnum():
            rows = self._query(f"{FROM_SESSIONS} WHERE sessions.uid GLOB ?", f"{text.lower()}*")
        if len(rows) != 1:
            raise SessionError(
                f"There is no session {text!r} in {self._store.path}. `aqboard sessions` lists them."
                if not rows
                else f"Several sessions begin with {text!r}; give more of it."
            )
        return _session_row(rows[0])

    def position(self, uid: str) -> int:
        """How far the session's file has been read, in bytes."""
        return int(self._query("SELECT coalesce(max(next_byte), 0) FROM session_events WHERE session = ?", uid)[0][0])

    def events(self, uid: str, after: int = 0) -> tuple[HeardEvent, ...]:
        """Its events in the order of its file, those with a larger id than `after`; garbage is left out."""
        rows = self._query(
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
        rows = self._query(
            "SELECT outcomes.data FROM session_events JOIN outcomes ON outcomes.id = session_events.outcome "
            "WHERE session = ? ORDER BY first_byte",
            uid,
        )
        return {found.probe: found for found in (ProbeOutcome.model_validate_json(data) for (data,) in rows)}

    def sighting(self, uid: str) -> tuple[Sighting, datetime] | None:
        """What its backend said last, and since when; None when it was never asked."""
        rows = self._query(
            "SELECT word, why, recorded_at FROM session_sightings WHERE session = ? ORDER BY id DESC LIMIT 1", uid
        )
        if not rows:
            return None
        word, why, at = rows[0]
        return Sighting.model_validate({"word": word, "why": why}), datetime.fromisoformat(at)

    def closing(self, uid: str) -> Standing | None:
        """How it ended; None while it has not. Its own word comes before its backend's."""
        return self.closings([uid]).get(uid)

    def closings(self, uids: Sequence[str]) -> dict[str, Standing]:
        """How each of these ended; those that have not are left out."""
        marks = ",".join("?" * len(uids))
        rows = self._query(
            "SELECT session, state, why, by_itself FROM session_closings "
            f"WHERE session IN ({marks}) ORDER BY by_itself",
            *uids,
        )
        return {
            uid: Standing(state=SessionState(state), why=why, by_itself=bool(itself))
            for uid, state, why, itself in rows
        }

    def spans(self, uids: Sequence[str]) -> dict[str, tuple[datetime, datetime]]:
        """When the first and last event of each session happened, by the clock of the machine that wrote them."""
        marks = ",".join("?" * len(uids))
        rows = self._query(
            "SELECT session, min(json_extract(data, '$.at')), max(json_extract(data, '$.at')) FROM session_events "
            f"WHERE session IN ({marks}) AND kind != ? GROUP BY session",
            *uids,
            GARBAGE,
        )
        return {uid: (datetime.fromisoformat(first), datetime.fromisoformat(last)) for uid, first, last in rows}

    def usual_seconds(self, backend: str) -> dict[str, float]:
        """What each probe took the last time it was measured on this backend."""
        rows = self._query(
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
        return tuple(map(int, self._query(f"SELECT {newest}")[0]))

    def _insert(self, table: str, row: Mapping[str, object]) -> int:
        """Append a row; its key."""
        marks = ", ".join("?" * len(row))
        statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
        key = self._db.conn.execute(statement, tuple(row.values())).lastrowid
        assert key is not None
        return key

    def _query(self, sql: str, *parameters: object) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = self._db.conn.execute(sql, parameters).fetchall()
        return rows


def is_busy(error: StoreError) -> bool:
    """Whether another process holds the database, so that the same will work later."""
    cause = error.__cause__
    return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


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


def _now() -> str:
    return datetime.now(UTC).isoformat()
