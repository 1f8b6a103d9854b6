"""Attempts in a database: store them with their outcomes and findings, and read all that is recorded for one."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from aqboard import __version__
from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import StoreError
from aqboard.domain.finding import Finding
from aqboard.domain.identity import Identity
from aqboard.domain.readiness import VerdictLine, assess
from aqboard.domain.session.events import ProbeOutcome
from aqboard.domain.signing.signoff import SignOff
from aqboard.domain.signing.waiver import waived_checks
from aqboard.store.accounts import accounts
from aqboard.store.records import AttemptRow, StoredAttempt, StoredScript
from aqboard.store.rows import append, insert, query, tell
from aqboard.store.signing import require_unchanged, version_of, waivers_of, waivers_revision
from aqboard.store.sqlite.transaction import writing

# Rows are never overwritten: of several findings for one check, the newest counts.
NEWEST_VERDICTS = """
    SELECT attempt, check_id, verdict, severity FROM findings
    WHERE id IN (SELECT max(id) FROM findings GROUP BY attempt, check_id)
"""


class Attempts:
    """The attempts in an open database."""

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self.db = db
        """The connection, for the functions of this package, and for tests that count rows."""

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
        with writing(self.db):
            number = insert(self.db, "attempts", row)
            tell(self.db, "attempt added", attempt.uid, {"name": attempt.name}, ("attempts", number, number), actor)
        return number

    def add_outcome(self, uid: str, outcome: ProbeOutcome) -> None:
        """Store what became of one probe, as soon as it is known."""
        columns = outcome.model_dump(include={"probe", "status", "seconds"})
        with writing(self.db):
            rows = append(self.db, "outcomes", uid, {**columns, "data": outcome.model_dump_json()})
            tell(self.db, "measured", uid, {"probe": outcome.probe, "status": outcome.status}, rows)

    def add_findings(self, uid: str, findings: Iterable[Finding]) -> None:
        """Store a judgement of the whole suite in one transaction."""
        with writing(self.db):
            self._append_findings(uid, findings, "findings stored")

    def add_judgement(self, seen: StoredAttempt, findings: Iterable[Finding]) -> None:
        """Store what today's checks say of the attempt as it was `seen`; raises StoreError when it has changed."""
        with writing(self.db):
            require_unchanged(self.db, seen)
            self._append_findings(seen.attempt.uid, findings, "judged again")

    def _append_findings(self, uid: str, findings: Iterable[Finding], action: str) -> None:
        found = [
            {
                "check_id": finding.check,
                "verdict": finding.verdict.value,
                "severity": finding.severity.value,
                "data": finding.model_dump_json(),
            }
            for finding in findings
        ]
        rows = append(self.db, "findings", uid, *found)
        tell(self.db, action, uid, {"checks": len(found), "aqboard": __version__}, rows)

    def attempts(self) -> tuple[AttemptRow, ...]:
        """Every attempt, newest first, with its readiness; a few queries however many there are."""
        lines: dict[str, list[VerdictLine]] = defaultdict(list)
        for uid, check, verdict, severity in query(self.db, NEWEST_VERDICTS):
            lines[uid].append(VerdictLine(check, verdict, severity))
        decisions = {
            uid: f"{decision} ({person})"
            for uid, decision, person in query(self.db, "SELECT attempt, decision, person FROM signoffs ORDER BY id")
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
            for number, uid, name, author, created_at, gpus, checks in query(
                self.db, "SELECT number, uid, name, author, created_at, gpus, checks FROM attempts ORDER BY number DESC"
            )
        )

    def revision(self) -> tuple[str | int | None, ...]:
        """A value that changes whenever `attempts` would: the tables are append-only, so their newest rows tell."""
        rows = query(
            self.db,
            "SELECT (SELECT uid FROM attempts ORDER BY number DESC LIMIT 1), "
            "(SELECT max(id) FROM findings), (SELECT max(id) FROM signoffs)",
        )
        return (*rows[0], *waivers_revision(self.db, datetime.now(UTC)))

    def attempt(self, number: int, now: datetime | None = None) -> StoredAttempt:
        """One attempt with all that is recorded for it; raises StoreError when there is no such number.

        `now`: the moment at which its waivers are weighed; the present by default.
        """
        rows = query(self.db, "SELECT data FROM attempts WHERE number = ?", number)
        if not rows:
            raise StoreError(f"There is no attempt {number} in {self.path}. `aqboard attempts` lists them.")
        attempt = Attempt.model_validate_json(rows[0][0])
        version = version_of(self.db, attempt.uid)
        findings = self._findings(attempt)
        waivers = waivers_of(self.db, attempt.uid, {f.check: f for f in findings}, now or datetime.now(UTC))
        lines = [VerdictLine.of(finding) for finding in findings]
        outcomes = map(ProbeOutcome.model_validate_json, self._data("outcomes", attempt.uid))
        return StoredAttempt(
            number=number,
            attempt=attempt,
            readiness=assess(attempt.checks, lines, waived_checks(waivers)),
            findings=findings,
            outcomes={outcome.probe: outcome for outcome in outcomes},
            signoffs=tuple(SignOff.model_validate_json(data) for data in self._data("signoffs", attempt.uid)),
            scripts=tuple(
                StoredScript(seal=seal, path=path, text=text, recorded_at=recorded_at)
                for seal, path, text, recorded_at in query(
                    self.db,
                    "SELECT seal, path, text, recorded_at FROM scripts WHERE attempt = ? ORDER BY id",
                    attempt.uid,
                )
            ),
            waivers=waivers,
            people=tuple(account.identity for account in accounts(self.db) if not account.disabled),
            added_by=self._added_by(number),
            version=version,
        )

    def _waived(self) -> dict[str, frozenset[str]]:
        """By attempt, the checks that a waiver accepts now; few attempts have waivers."""
        now = datetime.now(UTC)
        found = {}
        confirmed = "SELECT attempt FROM waiver_answers WHERE answer = 'confirmed'"
        for uid, data in query(self.db, f"SELECT uid, data FROM attempts WHERE uid IN ({confirmed})"):
            findings = {f.check: f for f in self._findings(Attempt.model_validate_json(data))}
            found[uid] = waived_checks(waivers_of(self.db, uid, findings, now))
        return found

    def _added_by(self, number: int) -> str:
        rows = query(self.db, "SELECT actor FROM audit WHERE action = 'attempt added' AND first_row = ?", number)
        return rows[0][0] if rows else ""

    def _findings(self, attempt: Attempt) -> tuple[Finding, ...]:
        newest = {f.check: f for f in map(Finding.model_validate_json, self._data("findings", attempt.uid))}
        return tuple(newest[check] for check in attempt.checks if check in newest)

    def _data(self, table: str, uid: str) -> list[str]:
        return [row[0] for row in query(self.db, f"SELECT data FROM {table} WHERE attempt = ? ORDER BY id", uid)]
