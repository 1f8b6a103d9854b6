"""Check sessions in the database: what their files and backends say is appended, each thing once.

What one call writes it writes in one short transaction, so that a process killed in the middle has written nothing of
it; and it looks inside that transaction at what is there, so that two processes that read the same lines add them once.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import SessionError
from aqboard.domain.finding import Finding
from aqboard.domain.identity import Identity
from aqboard.domain.session.check_session import BackendStatus, CheckSession, SessionStatus
from aqboard.domain.session.events import Ended, EventLine, parsed
from aqboard.store.rows import append, insert, now_text, query, tell
from aqboard.store.session_reader import GARBAGE, SessionReader, SessionRow
from aqboard.store.sqlite.transaction import writing

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
            "backend": session.backend,
            "folder": str(folder),
            "imported": int(imported),
            "data": session.model_dump_json(),
        }
        facts = {"session": session.uid[:8], "backend": session.backend, "requested_by": session.requested_by}
        action = "checks imported" if imported else "checks asked for"
        with writing(self._db):
            if not self._holds("attempts", attempt.uid, attempt.model_dump_json()):
                self._store.add_attempt(attempt, actor)
            if not self._holds("sessions", session.uid, row["data"]):
                rows = append(self._db, "sessions", session.attempt, row)
                tell(self._db, action, session.attempt, facts, rows, actor)
        return self.find(session.uid)

    def _holds(self, table: str, uid: str, data: object) -> bool:
        """Whether the table has this record already; raises SessionError when it has another one of the same name."""
        rows = query(self._db, f"SELECT data FROM {table} WHERE uid = ?", uid)
        if rows and json.loads(rows[0][0]) != json.loads(str(data)):
            raise SessionError(
                f"The database knows {uid} in another form (table {table}): this folder was changed after it was made, "
                "or has nothing to do with it. Nothing was stored."
            )
        return bool(rows)

    def add_lines(self, row: SessionRow, lines: Sequence[EventLine]) -> int:
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

    def _add_line(self, row: SessionRow, line: EventLine) -> None:
        event = parsed(line.text)
        outcome_id = None
        data, probe = "", ""
        if isinstance(event, Ended):
            probe = event.outcome.probe
            earlier = "SELECT 1 FROM session_events WHERE session = ? AND kind = 'ended' AND probe = ?"
            if not query(self._db, earlier, row.session.uid, probe):
                self._store.add_outcome(row.session.attempt, event.outcome)
                outcome_id = int(query(self._db, "SELECT max(id) FROM outcomes")[0][0])
            slim = event.outcome.model_copy(update={"evidence": None})
            data = event.model_copy(update={"outcome": slim}).model_dump_json()
        elif event is not None:
            probe = str(getattr(event, "probe", ""))
            data = event.model_dump_json()
        insert(
            self._db,
            "session_events",
            {
                "session": row.session.uid,
                "recorded_at": now_text(),
                "first_byte": line.begin,
                "next_byte": line.end,
                "kind": event.event if event else GARBAGE,
                "probe": probe,
                "sha256": hashlib.sha256(line.text).hexdigest(),
                "data": data,
                "outcome": outcome_id,
            },
        )

    def add_sighting(self, uid: str, sighting: BackendStatus) -> None:
        """Store what a backend says now, unless it said just that before."""
        with writing(self._db):
            latest = self.sighting(uid)
            if latest is None or latest[0] != sighting:
                said = {"session": uid, "recorded_at": now_text(), "word": sighting.word, "why": sighting.why}
                insert(self._db, "session_sightings", said)

    def close(
        self,
        row: SessionRow,
        standing: SessionStatus,
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
            ended = {
                "session": uid,
                "recorded_at": now_text(),
                "state": standing.state.value,
                "why": standing.why,
                "by_itself": int(standing.by_itself),
            }
            key = insert(self._db, "session_closings", ended)
            facts = {"session": uid[:8], "state": standing.state.value}
            tell(self._db, "checks ended", row.session.attempt, facts, ("session_closings", key, key))
            known = self._checks_with_a_finding(row.session.attempt)
            if new := [*findings, *(finding for finding in where_none if finding.check not in known)]:
                self._store.add_findings(row.session.attempt, new)
        return True

    def _checks_with_a_finding(self, attempt: str) -> set[str]:
        found = query(self._db, "SELECT DISTINCT check_id FROM findings WHERE attempt = ?", attempt)
        return {check for (check,) in found}
