"""Waivers, answers and decisions: written in one transaction with their audit entries, or not at all."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlite_utils import Database

from aqboard.domain.errors import StoreError
from aqboard.domain.finding import Finding
from aqboard.domain.signing.signoff import SignOff
from aqboard.domain.signing.waiver import Answer, Waiver, WaiverStanding, waiver_standings
from aqboard.store.audit import record
from aqboard.store.connection import writing
from aqboard.store.records import Released, StoredAttempt
from aqboard.store.rows import Row, insert

if TYPE_CHECKING:
    from aqboard.store.store import Store

Version = tuple[int, ...]
"""Newest row of each table that a decision rests on."""

TABLES = ("findings", "signoffs", "scripts", "waivers", "waiver_answers")


def version_of(db: Database, uid: str) -> Version:
    """What changes with everything that is recorded for the attempt."""
    newest = ", ".join(f"(SELECT coalesce(max(id), 0) FROM {table} WHERE attempt = :uid)" for table in TABLES)
    return tuple(db.conn.execute(f"SELECT {newest}", {"uid": uid}).fetchone())


def add_decision(store: "Store", seen: StoredAttempt, signoff: SignOff, act: Callable[[], Released]) -> Released:
    """Store a decision on the attempt as it was `seen`, and what `act` let out or took back because of it.

    `act` writes the files. It is called once it is certain that nobody has recorded anything in between; when it
    raises, nothing is stored. Raises StoreError when somebody was faster.
    """
    subject = f"attempt {seen.number}"
    with writing(store.db):
        _require_unchanged(store.db, seen)
        store.insert_signoff(signoff)
        released = act()
        for name in released.withdrawn:
            record(store.db, "script withdrawn", subject, actor=signoff, facts={"file": name})
        if released.script is not None:
            store.insert_script(signoff, released.script)
    return released


def add_withdrawal(store: "Store", seen: StoredAttempt, names: tuple[str, ...], why: str) -> None:
    """Tell the log that scripts were taken back because what they rested on has changed."""
    with writing(store.db):
        for name in names:
            record(store.db, "script withdrawn", f"attempt {seen.number}", facts={"file": name, "why": why})


def add_waiver(store: "Store", seen: StoredAttempt, waiver: Waiver) -> None:
    """Store a proposed waiver for a finding of the attempt as it was `seen`."""
    row: Row = {
        "uid": waiver.uid,
        "check_id": waiver.check,
        "person": waiver.person,
        "expires_at": waiver.expires_at.astimezone(UTC).isoformat(),
        "data": waiver.model_dump_json(),
    }
    with writing(store.db):
        _require_unchanged(store.db, seen)
        rows = insert(store.db, "waivers", waiver.attempt, [row])
        facts = {"check": waiver.check, "verdict": waiver.verdict, "waiver": waiver.uid[:8]}
        record(store.db, "waiver proposed", f"attempt {seen.number}", actor=waiver, rows=rows, facts=facts)


def add_answer(store: "Store", seen: StoredAttempt, answer: Answer) -> None:
    """Store what somebody says to a waiver of the attempt as it was `seen`."""
    row: Row = {
        "waiver": answer.waiver,
        "person": answer.person,
        "answer": answer.answer,
        "data": answer.model_dump_json(),
    }
    with writing(store.db):
        _require_unchanged(store.db, seen)
        rows = insert(store.db, "waiver_answers", answer.attempt, [row])
        subject = f"attempt {seen.number}"
        record(
            store.db, f"waiver {answer.answer}", subject, actor=answer, rows=rows, facts={"waiver": answer.waiver[:8]}
        )


def waivers_of(db: Database, uid: str, findings: Mapping[str, Finding], now: datetime) -> tuple[WaiverStanding, ...]:
    """The attempt's waivers, oldest first, and what each is worth at the moment `now`."""

    def data(table: str) -> list[str]:
        return [row[0] for row in db.conn.execute(f"SELECT data FROM {table} WHERE attempt = ? ORDER BY id", [uid])]

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


def _require_unchanged(db: Database, seen: StoredAttempt) -> None:
    if version_of(db, seen.attempt.uid) != seen.version:
        raise StoreError(
            f"Something else was recorded for attempt {seen.number} in the meantime, so nothing was recorded now. "
            "Look at the attempt again, then decide."
        )
