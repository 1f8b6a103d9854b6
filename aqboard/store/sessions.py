"""Check sessions in the database: what their files and backends say is appended, each thing once.

What one call writes it writes in one short transaction, so that a process killed in the middle has written nothing of
it; and it looks inside that transaction at what is there, so that two processes that read the same lines add them once.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import SessionError
from aqboard.domain.finding import Finding
from aqboard.domain.session.check_session import CheckSession, Sighting, Standing
from aqboard.domain.session.events import Ended, Line, parsed
from aqboard.domain.signing.identity import Identity
from aqboard.store.audit import record
from aqboard.store.connection import writing
from aqboard.store.session_reader import GARBAGE, SessionReader, SessionRow

__all__ = ["SessionRow", "Sessions"]


class Sessions(SessionReader):
    """The sessions in a store, to be read and added to."""

    def add(
        self,
        session: CheckSession,
        attempt: Attempt,
        folder: Path,
        *,
        imported: bool = False,
        actor: Identity | None = None,
    ) -> SessionRow:
        """Store a session, and its attempt if that is new; the same session again is left as it is.

        `actor`: who started it, for the audit log; the owner of this process where nobody else was identified.
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
                self._store.add_attempt(attempt, actor)
            self._require_same("sessions", session.uid, row["data"])
            if not self._query("SELECT 1 FROM sessions WHERE uid = ?", session.uid):
                facts = {"session": session.uid[:8], "backend": session.backend, "requested_by": session.requested_by}
                action = "checks imported" if imported else "checks asked for"
                self._tell(action, session.attempt, "sessions", self._insert("sessions", row), facts, actor)
        return self.find(session.uid)

    def _tell(
        self,
        action: str,
        attempt: str,
        table: str,
        key: int,
        facts: Mapping[str, object],
        actor: Identity | None = None,
    ) -> None:
        """Put a row into the audit log, inside the transaction that wrote it."""
        ((number,),) = self._query("SELECT number FROM attempts WHERE uid = ?", attempt)
        record(self._db, action, f"attempt {number}", actor=actor, rows=(table, key, key), facts=facts)

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

    def close(
        self,
        row: SessionRow,
        standing: Standing,
        position: int,
        findings: Sequence[Finding],
        where_none: Sequence[Finding] = (),
    ) -> bool:
        """Store how a session ended, with its findings; exactly once, whoever else tries.

        Of `where_none`, those whose check has no finding yet are stored too; an earlier one stands otherwise.

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
            known = self._checks_with_a_finding(row.session.attempt)
            if new := [*findings, *(finding for finding in where_none if finding.check not in known)]:
                self._store.add_findings(row.session.attempt, new)
        return True

    def _checks_with_a_finding(self, attempt: str) -> set[str]:
        return {check for (check,) in self._query("SELECT DISTINCT check_id FROM findings WHERE attempt = ?", attempt)}

    def _insert(self, table: str, row: Mapping[str, object]) -> int:
        """Append a row; its key."""
        marks = ", ".join("?" * len(row))
        statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
        key = self._db.conn.execute(statement, tuple(row.values())).lastrowid
        assert key is not None
        return key


def _now() -> str:
    return datetime.now(UTC).isoformat()
