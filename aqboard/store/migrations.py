"""The schema, as numbered steps that are never edited once released. New facts get a new step."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from aqboard.store import audit

MIGRATIONS = Migrations("aqboard")

APPEND_ONLY = ("attempts", "outcomes", "findings", "signoffs", "scripts")
SESSION_TABLES = ("sessions", "session_events", "session_sightings", "session_closings")


@MIGRATIONS()
def m001_attempts_and_findings(db: Database) -> None:
    """Attempts with what was measured, judged, signed and written for them."""
    db.table("attempts").create(
        {
            "number": int,
            "uid": str,
            "name": str,
            "author": str,
            "created_at": str,
            "checks": str,
            "gpus": int,
            "data": str,
        },
        pk="number",
        not_null={"uid", "name", "author", "created_at", "checks", "data"},
    )
    db.table("attempts").create_index(["uid"], unique=True)
    _of_attempt(db, "outcomes", probe=str, status=str, seconds=float, data=str)
    _of_attempt(db, "findings", check_id=str, verdict=str, severity=str, data=str)
    _of_attempt(db, "signoffs", person=str, decision=str, seal=str, data=str)
    _of_attempt(db, "scripts", seal=str, path=str, text=str)
    for table in APPEND_ONLY:
        _forbid_change(db, table)


def _of_attempt(db: Database, table: str, **columns: type) -> None:
    db.table(table).create(
        {"id": int, "attempt": str, "recorded_at": str, **columns},
        pk="id",
        not_null={"attempt", "recorded_at", *columns},
        foreign_keys=[("attempt", "attempts", "uid")],
    )
    db.table(table).create_index(["attempt", "id"])


def _forbid_change(db: Database, table: str) -> None:
    """Append, never overwrite: the database itself refuses, whatever the program above it tries."""
    for verb in ("UPDATE", "DELETE"):
        db.conn.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


@MIGRATIONS()
def m002_sessions(db: Database) -> None:
    """Check sessions: what was asked, every event read from their folders, what their backends said, how they ended.

    An event is known by its place in its session's file, so reading it twice adds nothing.
    """
    db.table("sessions").create(
        {
            "number": int,
            "uid": str,
            "attempt": str,
            "backend": str,
            "folder": str,
            "imported": int,
            "recorded_at": str,
            "data": str,
        },
        pk="number",
        not_null={"uid", "attempt", "backend", "folder", "imported", "recorded_at", "data"},
        foreign_keys=[("attempt", "attempts", "uid")],
    )
    db.table("sessions").create_index(["uid"], unique=True)
    db.table("sessions").create_index(["attempt"])
    _of_session(db, "session_events", first_byte=int, next_byte=int, kind=str, probe=str, sha256=str, data=str)
    db.table("session_events").add_column("outcome", int, fk="outcomes", fk_col="id")
    db.table("session_events").create_index(["session", "first_byte"], unique=True)
    _of_session(db, "session_sightings", word=str, why=str)
    db.table("session_sightings").create_index(["session", "id"])
    _of_session(db, "session_closings", state=str, why=str, by_itself=int)
    db.table("session_closings").create_index(["session", "by_itself"], unique=True)
    for table in SESSION_TABLES:
        _forbid_change(db, table)


def _of_session(db: Database, table: str, **columns: type) -> None:
    db.table(table).create(
        {"id": int, "session": str, "recorded_at": str, **columns},
        pk="id",
        not_null={"session", "recorded_at", *columns},
        foreign_keys=[("session", "sessions", "uid")],
    )


SIGNING = ("waivers", "waiver_answers", "accounts", "audit")
LOGGED_FROM_THE_START = (*APPEND_ONLY, "waivers", "waiver_answers", "accounts")


@MIGRATIONS()
def m003_signing(db: Database) -> None:
    """Waivers and the answers to them, accounts, and the audit log, which takes over what is there already."""
    _of_attempt(db, "waivers", uid=str, check_id=str, person=str, expires_at=str, data=str)
    _of_attempt(db, "waiver_answers", waiver=str, person=str, answer=str, data=str)
    account = {"recorded_at": str, "name": str, "person": str, "roles": str, "password": str, "disabled": int}
    db.table("accounts").create({"id": int, **account}, pk="id", not_null=set(account))
    texts = ("time", "actor", "identified_by", "action", "subject", "source", "detail", "payload_digest")
    entry = {"seq": int, **dict.fromkeys(texts, str), "first_row": int, "last_row": int, "previous": str, "hash": str}
    db.table("audit").create(entry, pk="seq", not_null={*texts, "previous", "hash"})
    db.table("audit").create_index(["action", "time"])
    for table in SIGNING:
        _forbid_change(db, table)
    audit.begin(db, LOGGED_FROM_THE_START, "rows written before there was a log")


JOBS = ("jobs", "job_sightings", "job_points", "job_verdicts")


@MIGRATIONS()
def m004_jobs(db: Database) -> None:
    """Launched jobs: what was submitted, what Slurm said of it, the training's losses, the guard's verdicts."""
    _of_attempt(db, "jobs", job=str, role=str, data=str)
    _of_attempt(db, "job_sightings", job=str, state=str, data=str)
    _of_attempt(db, "job_points", job=str, first=int, until=int, data=str)
    _of_attempt(db, "job_verdicts", job=str, data=str)
    for table in JOBS:
        _forbid_change(db, table)


LOGGED_SINCE = ("sessions", "session_closings", "jobs", "job_sightings", "job_verdicts")


@MIGRATIONS()
def m005_settlements(db: Database) -> None:
    """What people say of jobs that Slurm has forgotten; and from here on the log tells of sessions and jobs too."""
    _of_attempt(db, "job_settlements", job=str, state=str, person=str, data=str)
    _forbid_change(db, "job_settlements")
    audit.begin(db, LOGGED_SINCE, "rows written before the log told of them")


NAMES: tuple[str, ...] = (
    "m001_attempts_and_findings",
    "m002_sessions",
    "m003_signing",
    "m004_jobs",
    "m005_settlements",
)
"""Every step in order; a database with a step that is not here was written by a newer program."""
