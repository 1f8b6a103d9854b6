"""Read and append. One `Store` is one connection, used by the thread that opened it."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from sqlite_utils import Database

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import StoreError
from aqboard.domain.finding import Finding
from aqboard.domain.identity import Identity
from aqboard.domain.outcome import ProbeOutcome
from aqboard.domain.readiness import VerdictLine, assess
from aqboard.domain.signoff import SignOff
from aqboard.domain.waiver import waived_checks
from aqboard.store.access import BUSY_TIMEOUT_S, access_to
from aqboard.store.accounts import accounts
from aqboard.store.audit import record
from aqboard.store.connection import connect, writing
from aqboard.store.faults import why
from aqboard.store.records import AttemptRow, StoredAttempt, StoredScript
from aqboard.store.rows import Row, insert
from aqboard.store.signing import version_of, waivers_of, waivers_revision

# Rows are never overwritten: of several findings for one check, the newest counts.
NEWEST_VERDICTS = """
    SELECT attempt, check_id, verdict, severity FROM findings
    WHERE id IN (SELECT max(id) FROM findings GROUP BY attempt, check_id)
"""


class Store:
    """The database at `path`; raises StoreError as `connect` does.

    `wait_s`: how long each step waits for another process that holds it, in seconds. A context manager: leaving it
    closes it, and turns an error of SQLite's that came from reading into a StoreError.
    """

    def __init__(self, path: Path, *, create: bool = False, wait_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = path
        self._wait_s = wait_s
        self.access = access_to(path)
        """How it is open: the disk below it, whether it may be written, and what a person should know of that."""
        self._db = connect(path, self.access, create=create, wait_s=wait_s)

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
            told = why(error, self.path, self._wait_s)
            raise StoreError(f"The database {self.path} could not be read: {told}") from error

    @property
    def db(self) -> Database:
        """The connection, for the modules of this package, and for tests that count rows."""
        return self._db

    # ------------------------------------------------------------------ append

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

    # -------------------------------------------------------------------- read

    def attempts(self) -> tuple[AttemptRow, ...]:
        """Every attempt, newest first, with its readiness; a few queries however many there are."""
        lines: dict[str, list[VerdictLine]] = defaultdict(list)
        for uid, check, verdict, severity in self._query(NEWEST_VERDICTS):
            lines[uid].append(VerdictLine(check, verdict, severity))
        decisions = {
            uid: f"{decision} ({person})"
            for uid, decision, person in self._query("SELECT attempt, decision, person FROM signoffs ORDER BY id")
        }
        waived = self._waived()
        return tuple(
            AttemptRow(
                number=number,
                uid=uid,
                name=name,
                author=author,
                created_at=created_at,
                gpus=gpus,
                readiness=assess(json.loads(checks), lines[uid], waived.get(uid, ())),
                verdicts={line.check: line.verdict for line in lines[uid]},
                decision=decisions.get(uid, ""),
            )
            for number, uid, name, author, created_at, gpus, checks in self._query(
                "SELECT number, uid, name, author, created_at, gpus, checks FROM attempts ORDER BY number DESC"
            )
        )

    def revision(self) -> tuple[str | int | None, ...]:
        """A value that changes whenever `attempts` would: the tables are append-only, so their newest rows tell."""
        rows = self._query(
            "SELECT (SELECT uid FROM attempts ORDER BY number DESC LIMIT 1), "
            "(SELECT max(id) FROM findings), (SELECT max(id) FROM signoffs)"
        )
        return (*rows[0], *waivers_revision(self._db, datetime.now(UTC)))

    def attempt(self, number: int, now: datetime | None = None) -> StoredAttempt:
        """One attempt with all that is recorded for it; raises StoreError when there is no such number.

        `now`: the moment at which its waivers are weighed; the present by default.
        """
        rows = self._query("SELECT data FROM attempts WHERE number = ?", number)
        if not rows:
            raise StoreError(f"There is no attempt {number} in {self.path}. `aqboard attempts` lists them.")
        attempt = Attempt.model_validate_json(rows[0][0])
        version = version_of(self._db, attempt.uid)
        findings = self._findings(attempt)
        waivers = waivers_of(self._db, attempt.uid, {f.check: f for f in findings}, now or datetime.now(UTC))
        lines = [VerdictLine.of(finding) for finding in findings]
        return StoredAttempt(
            number=number,
            attempt=attempt,
            readiness=assess(attempt.checks, lines, waived_checks(waivers)),
            findings=findings,
            outcomes={outcome.probe: outcome for outcome in self._outcomes(attempt.uid)},
            signoffs=tuple(SignOff.model_validate_json(data) for data in self._data("signoffs", attempt.uid)),
            scripts=tuple(
                StoredScript(seal=seal, path=path, text=text, recorded_at=recorded_at)
                for seal, path, text, recorded_at in self._query(
                    "SELECT seal, path, text, recorded_at FROM scripts WHERE attempt = ? ORDER BY id",
                    attempt.uid,
                )
            ),
            waivers=waivers,
            people=tuple(account.identity for account in accounts(self._db) if not account.disabled),
            added_by=self._added_by(number),
            version=version,
        )

    def _waived(self) -> dict[str, frozenset[str]]:
        """By attempt, the checks that a waiver accepts now; few attempts have waivers."""
        now = datetime.now(UTC)
        found = {}
        confirmed = "SELECT attempt FROM waiver_answers WHERE answer = 'confirmed'"
        for uid, data in self._query(f"SELECT uid, data FROM attempts WHERE uid IN ({confirmed})"):
            findings = {f.check: f for f in self._findings(Attempt.model_validate_json(data))}
            found[uid] = waived_checks(waivers_of(self._db, uid, findings, now))
        return found

    def _added_by(self, number: int) -> str:
        rows = self._query("SELECT actor FROM audit WHERE action = 'attempt added' AND first_row = ?", number)
        return rows[0][0] if rows else ""

    def _findings(self, attempt: Attempt) -> tuple[Finding, ...]:
        newest = {f.check: f for f in map(Finding.model_validate_json, self._data("findings", attempt.uid))}
        return tuple(newest[check] for check in attempt.checks if check in newest)

    def _outcomes(self, uid: str) -> list[ProbeOutcome]:
        return [ProbeOutcome.model_validate_json(data) for data in self._data("outcomes", uid)]

    def _data(self, table: str, uid: str) -> list[str]:
        return [row[0] for row in self._query(f"SELECT data FROM {table} WHERE attempt = ? ORDER BY id", uid)]

    def _query(self, sql: str, *parameters: object) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = self._db.conn.execute(sql, parameters).fetchall()
        return rows
