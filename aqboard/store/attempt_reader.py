"""Attempts in the database, read back: the list of them all, and one with everything that is recorded for it."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import StoreError
from aqboard.domain.finding import Finding
from aqboard.domain.readiness import VerdictLine, assess
from aqboard.domain.session.outcome import ProbeOutcome
from aqboard.domain.signing.signoff import SignOff
from aqboard.domain.signing.waiver import waived_checks
from aqboard.store.accounts import accounts
from aqboard.store.records import AttemptRow, StoredAttempt, StoredScript
from aqboard.store.signing import version_of, waivers_of, waivers_revision

# Rows are never overwritten: of several findings for one check, the newest counts.
NEWEST_VERDICTS = """
    SELECT attempt, check_id, verdict, severity FROM findings
    WHERE id IN (SELECT max(id) FROM findings GROUP BY attempt, check_id)
"""


class AttemptReader:
    """The attempts of an open database, to be read."""

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self._db = db

    @property
    def db(self) -> Database:
        """The connection, for the modules of this package, and for tests that count rows."""
        return self._db

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
