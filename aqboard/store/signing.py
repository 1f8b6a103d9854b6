"""Waivers, answers and decisions: written in one transaction with their audit entries, or not at all."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlite_utils import Database

from aqboard.domain.errors import StoreError
from aqboard.domain.finding import Finding
from aqboard.domain.signing.signoff import SignOff
from aqboard.domain.signing.waiver import Answer, Waiver, WaiverStatus, waiver_standings
from aqboard.store.records import Released, StoredAttempt, StoredScript
from aqboard.store.rows import append, query, tell
from aqboard.store.sqlite.transaction import writing

Version = tuple[int, ...]
"""Newest row of each table that a decision rests on."""

TABLES = ("findings", "signoffs", "scripts", "waivers", "waiver_answers")


def version_of(db: Database, uid: str) -> Version:
    """What changes with everything that is recorded for the attempt."""
    newest = ", ".join(f"(SELECT coalesce(max(id), 0) FROM {table} WHERE attempt = :uid)" for table in TABLES)
    return tuple(db.conn.execute(f"SELECT {newest}", {"uid": uid}).fetchone())


def add_decision(db: Database, seen: StoredAttempt, signoff: SignOff, act: Callable[[], Released]) -> Released:
    """Store a decision on the attempt as it was `seen`, and what `act` let out or took back because of it.

    `act` writes the files. It is called once it is certain that nobody has recorded anything in between; when it
    raises, nothing is stored. Raises StoreError when somebody was faster.
    """
    with writing(db):
        require_unchanged(db, seen)
        _append_signoff(db, signoff)
        released = act()
        for name in released.withdrawn:
            tell(db, "script withdrawn", signoff.attempt, {"file": name}, actor=signoff)
        if released.script is not None:
            _append_script(db, signoff, released.script)
    return released


def add_withdrawal(db: Database, seen: StoredAttempt, names: tuple[str, ...], why: str) -> None:
    """Tell the log that scripts were taken back because what they rested on has changed."""
    with writing(db):
        for name in names:
            tell(db, "script withdrawn", seen.attempt.uid, {"file": name, "why": why})


def add_waiver(db: Database, seen: StoredAttempt, waiver: Waiver) -> None:
    """Store a proposed waiver for a finding of the attempt as it was `seen`."""
    row = {
        "uid": waiver.uid,
        "check_id": waiver.check,
        "person": waiver.person,
        "expires_at": waiver.expires_at.astimezone(UTC).isoformat(),
        "data": waiver.model_dump_json(),
    }
    facts = {"check": waiver.check, "verdict": waiver.verdict, "waiver": waiver.uid[:8]}
    with writing(db):
        require_unchanged(db, seen)
        rows = append(db, "waivers", waiver.attempt, row)
        tell(db, "waiver proposed", waiver.attempt, facts, rows, waiver)


def add_answer(db: Database, seen: StoredAttempt, answer: Answer) -> None:
    """Store what somebody says to a waiver of the attempt as it was `seen`."""
    row = {
        "waiver": answer.waiver,
        "person": answer.person,
        "answer": answer.answer,
        "data": answer.model_dump_json(),
    }
    with writing(db):
        require_unchanged(db, seen)
        rows = append(db, "waiver_answers", answer.attempt, row)
        tell(db, f"waiver {answer.answer}", answer.attempt, {"waiver": answer.waiver[:8]}, rows, answer)


def waivers_of(db: Database, uid: str, findings: Mapping[str, Finding], now: datetime) -> tuple[WaiverStatus, ...]:
    """The attempt's waivers, oldest first, and what each is worth at the moment `now`."""

    def data(table: str) -> list[str]:
        return [row[0] for row in query(db, f"SELECT data FROM {table} WHERE attempt = ? ORDER BY id", uid)]

    waivers = [Waiver.model_validate_json(text) for text in data("waivers")]
    if not waivers:
        return ()
    answers = [Answer.model_validate_json(text) for text in data("waiver_answers")]
    return waiver_standings(waivers, answers, findings, now)


def waivers_revision(db: Database, now: datetime) -> tuple[int | None, ...]:
    """A value that changes whenever a waiver starts or ends to count."""
    row = db.conn.execute(
        "SELECT (SELECT max(id) FROM waivers), (SELECT max(id) FROM waiver_answers), "
        "(SELECT count(*) FROM waivers WHERE expires_at > ?)",
        [now.isoformat()],
    ).fetchone()
    return tuple(row)


def require_unchanged(db: Database, seen: StoredAttempt) -> None:
    """Raise StoreError when anything was recorded for the attempt since it was `seen`."""
    if version_of(db, seen.attempt.uid) != seen.version:
        raise StoreError(
            f"Something else was recorded for attempt {seen.number} in the meantime, so nothing was recorded now. "
            "Look at the attempt again, then decide."
        )


def _append_signoff(db: Database, signoff: SignOff) -> None:
    decision = signoff.decision.value
    row = {"person": signoff.person, "decision": decision, "seal": signoff.seal, "data": signoff.model_dump_json()}
    rows = append(db, "signoffs", signoff.attempt, row)
    tell(db, f"said {decision}", signoff.attempt, {"decision": decision, "seal": signoff.seal}, rows, signoff)


def _append_script(db: Database, signoff: SignOff, script: StoredScript) -> None:
    rows = append(db, "scripts", signoff.attempt, script.model_dump(include={"seal", "path", "text"}))
    tell(db, "script released", signoff.attempt, {"path": script.path}, rows, signoff)
