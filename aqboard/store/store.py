"""Open, append and, by `AttemptReader`, read. One `Store` is one connection, used by the thread that opened it."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import StoreError
from aqboard.domain.finding import Finding
from aqboard.domain.session.outcome import ProbeOutcome
from aqboard.domain.signing.identity import Identity
from aqboard.domain.signing.signoff import SignOff
from aqboard.store.access import BUSY_TIMEOUT_S, access_to
from aqboard.store.attempt_reader import AttemptReader
from aqboard.store.audit import record
from aqboard.store.connection import connect, writing
from aqboard.store.faults import why
from aqboard.store.records import StoredScript
from aqboard.store.rows import Row, insert


class Store(AttemptReader):
    """The database at `path`; raises StoreError as `connect` does.

    `wait_s`: how long each step waits for another process that holds it, in seconds. A context manager: leaving it
    closes it, and turns an error of SQLite's that came from reading into a StoreError.
    """

    def __init__(self, path: Path, *, create: bool = False, wait_s: float = BUSY_TIMEOUT_S) -> None:
        self._wait_s = wait_s
        self.access = access_to(path)
        """How it is open: the disk below it, whether it may be written, and what a person should know of that."""
        super().__init__(path, connect(path, self.access, create=create, wait_s=wait_s))

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
            told = why(error, self.path, self._wait_s)
            raise StoreError(f"The database {self.path} could not be read: {told}") from error

    def add_attempt(self, attempt: Attempt, actor: Identity | None = None) -> int:
        """Store a new attempt and return its number, counted from 1.

        `actor`: who started it; the owner of this process where nobody else was identified.
        """
        row = {
            "uid": attempt.uid,
            "name": attempt.name,
            "author": attempt.plan.author,
            "created_at": attempt.created_at.isoformat(),
            "checks": json.dumps(attempt.checks),
            "gpus": attempt.plan.cluster.gpus,
            "data": attempt.model_dump_json(),
        }
        with writing(self._db):
            number = self._db.table("attempts").insert(row).last_pk
            assert isinstance(number, int)
            rows = ("attempts", number, number)
            record(self._db, "attempt added", f"attempt {number}", actor=actor, rows=rows, facts={"name": attempt.name})
        return number

    def add_outcome(self, uid: str, outcome: ProbeOutcome) -> None:
        """Store what became of one probe, as soon as it is known."""
        columns = outcome.model_dump(include={"probe", "status", "seconds"})
        row = {**columns, "data": outcome.model_dump_json()}
        self._append("outcomes", uid, [row], "measured", probe=outcome.probe, status=outcome.status)

    def add_findings(self, uid: str, findings: Iterable[Finding]) -> None:
        """Store a judgement of the whole suite in one transaction."""
        rows: list[Row] = [
            {
                "check_id": finding.check,
                "verdict": finding.verdict.value,
                "severity": finding.severity.value,
                "data": finding.model_dump_json(),
            }
            for finding in findings
        ]
        self._append("findings", uid, rows, "findings stored", checks=len(rows))

    def add_signoff(self, signoff: SignOff, script: StoredScript | None = None) -> None:
        """Store a decision, and in the same transaction the script it let out."""
        with writing(self._db):
            self.insert_signoff(signoff)
            if script is not None:
                self.insert_script(signoff, script)

    def insert_signoff(self, signoff: SignOff) -> None:
        """Store a decision inside the transaction of the caller."""
        decision: Row = {
            "person": signoff.person,
            "decision": signoff.decision.value,
            "seal": signoff.seal,
            "data": signoff.model_dump_json(),
        }
        facts = {"decision": signoff.decision.value, "seal": signoff.seal}
        self._insert("signoffs", signoff.attempt, [decision], f"said {signoff.decision}", signoff, **facts)

    def insert_script(self, signoff: SignOff, script: StoredScript) -> None:
        """Store the script that a decision let out, inside the transaction of the caller."""
        row = script.model_dump(include={"seal", "path", "text"})
        self._insert("scripts", signoff.attempt, [row], "script released", signoff, path=script.path)

    def _append(self, table: str, uid: str, rows: list[Row], action: str, **facts: object) -> None:
        with writing(self._db):
            self._insert(table, uid, rows, action, None, **facts)

    def _insert(
        self, table: str, uid: str, rows: list[Row], action: str, actor: Identity | None, **facts: object
    ) -> None:
        written = insert(self._db, table, uid, rows)
        found = self._query("SELECT number FROM attempts WHERE uid = ?", uid)
        subject = f"attempt {found[0][0]}" if found else uid
        record(self._db, action, subject, actor=actor, rows=written, facts=facts)
