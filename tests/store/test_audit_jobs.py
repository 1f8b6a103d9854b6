"""The log tells of sessions and jobs as well, and finds what was changed in them behind the program's back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from aqboard.domain.job.slurm_job import Settlement
from aqboard.domain.session.check_session import CheckSession, SessionState, SessionStatus
from aqboard.store import Store, audit
from aqboard.store.audit import COVERED, entries
from aqboard.store.audit_verify import AuditReport, verify
from aqboard.store.jobs import Jobs
from aqboard.store.migrations import LOGGED_SINCE
from aqboard.store.sessions import Sessions
from tests import samples
from tests.store.test_audit import tampered
from tests.store.test_jobs import NOW, UID, sighting, submission, verdict
from tests.store.test_migrations import earlier


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A session that ended, and a job that Slurm saw run and then forgot; a person said how it ended."""
    path = tmp_path / "board.db"
    with Store(path, create=True) as store:
        attempt = samples.attempt()
        store.add_attempt(attempt)
        sessions, jobs = Sessions(store), Jobs(store)
        session = CheckSession(
            uid="a" * 32, attempt=UID, backend="local", requested_by="Ada", checks=(), probes=(), limits={}
        )
        row = sessions.add(session, attempt, tmp_path / "session")
        sessions.close(row, SessionStatus(state=SessionState.FAILED, why="It was killed.", by_itself=True), 0, ())
        jobs.add(submission())
        jobs.add_sighting(UID, sighting("PENDING", reason="Priority"))
        jobs.add_sighting(UID, sighting("RUNNING", nodes="nid1"))
        jobs.add_verdict(UID, "7", verdict())
        jobs.add_sighting(UID, sighting("UNKNOWN"))
        jobs.add_settlement(
            Settlement(attempt=UID, job="7", state="FAILED", reason="it burnt", person="Grace", created_at=NOW)
        )
    return path


def test_everything_that_happened_is_in_it_in_order(database: Path) -> None:
    with Store(database) as store:
        told = [(e.action, e.source, e.first_row) for e in entries(store.db)]
        report = verify(store.db)
    assert told == [
        ("attempt added", "attempts", 1),
        ("checks asked for", "sessions", 1),
        ("checks ended", "session_closings", 1),
        ("job submitted", "jobs", 1),
        ("job seen", "job_sightings", 2),
        ("guard's word stored", "job_verdicts", 1),
        ("job seen", "job_sightings", 3),
        ("job settled", "job_settlements", 1),
    ]
    assert report.faults == ()


def test_one_session_added_twice_is_told_once(database: Path, tmp_path: Path) -> None:
    with Store(database) as store:
        before = sum(1 for _ in entries(store.db))
        row = Sessions(store).find(1)
        Sessions(store).add(row.session, store.attempt(1).attempt, row.folder)
        assert sum(1 for _ in entries(store.db)) == before


TAMPERED: dict[str, tuple[str, int | None, str]] = {
    "who asked for checks": ("UPDATE sessions SET data = replace(data, 'Ada', 'Mallory')", 2, "sessions, row 1"),
    "where a session lies": ("UPDATE sessions SET folder = '/elsewhere'", 2, "sessions, row 1"),
    "how a session ended": ("UPDATE session_closings SET state = 'done'", 3, "session_closings, row 1"),
    "a session deleted": ("DELETE FROM sessions", 2, "sessions, row 1"),
    "who submitted": ("UPDATE jobs SET data = replace(data, 'Ada', 'Mallory')", 4, "jobs, row 1"),
    "a job deleted": ("DELETE FROM jobs", 4, "jobs, row 1"),
    "what Slurm said": ("UPDATE job_sightings SET state = 'COMPLETED' WHERE id = 3", 7, "job_sightings, row 3"),
    "that a job ran": ("UPDATE job_sightings SET state = 'PENDING' WHERE id = 2", 5, "job_sightings, row 2"),
    "the guard's word": ("UPDATE job_verdicts SET data = replace(data, 'running', 'finished')", 6, "job_verdicts, row"),
    "a person's word": ("UPDATE job_settlements SET state = 'COMPLETED'", 8, "job_settlements, row 1"),
    "a person's reason": ("UPDATE job_settlements SET data = replace(data, 'burnt', 'won')", 8, "job_settlements, row"),
    "a job slipped in": (
        "INSERT INTO jobs (attempt, recorded_at, job, role, data) SELECT attempt, recorded_at, '8', role, data "
        "FROM jobs", None, "jobs, row 2: no entry"),
    "an end slipped in": (
        "INSERT INTO job_sightings (attempt, recorded_at, job, state, data) SELECT attempt, recorded_at, job, "
        "'COMPLETED', data FROM job_sightings WHERE id = 2", None, "job_sightings, row 4: no entry"),
    "a person's word slipped in": (
        "INSERT INTO job_settlements (attempt, recorded_at, job, state, person, data) SELECT attempt, recorded_at, "
        "job, 'COMPLETED', 'Mallory', data FROM job_settlements", None, "job_settlements, row 2: no entry"),
    "a session slipped in": (
        "INSERT INTO session_closings (session, recorded_at, state, why, by_itself) SELECT session, recorded_at, "
        "'done', '', 0 FROM session_closings", None, "session_closings, row 2: no entry"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_found_and_located(what: str, database: Path) -> None:
    statement, seq, words = TAMPERED[what]
    report = tampered(database, statement)
    assert any(fault.seq == seq and words in fault.what for fault in report.faults), report.faults


def test_the_guesses_of_a_waiting_job_need_no_entry(database: Path) -> None:
    with Store(database) as store:
        before = verify(store.db).entries
        Jobs(store).add_sighting(UID, sighting("PENDING", start="2026-11-25T12:00:00"))
        report = verify(store.db)
    assert (report.entries, report.faults) == (before, ())


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    """A database of the version whose log did not tell of sessions and jobs, with a row in each table."""
    path = tmp_path / "old.db"
    earlier(path, 4)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER audit_no_delete")
        raw.execute("DELETE FROM audit")
        told_then = [t for t in COVERED if t not in (*LOGGED_SINCE, "job_settlements")]
        audit.begin(Database(raw), told_then, "rows written before there was a log")
        audit.record(Database(raw), "job submitted", "attempt 1", facts={"job": "7"})
    yield path


def report_on(path: Path) -> AuditReport:
    with Store(path) as store:
        return verify(store.db)


def test_rows_from_before_are_taken_over_told_as_such_and_held_from_then_on(old: Path) -> None:
    assert report_on(old).faults == ()
    with Store(old) as store:
        told = [e for e in entries(store.db) if e.subject.startswith("rows written before the log told of them")]
        assert [(e.action, e.source, e.first_row, e.last_row) for e in told] == [
            ("taken over", table, 1, 1) for table in LOGGED_SINCE
        ]
        assert "job submitted" in [e.action for e in entries(store.db)]
    taken = {e.source: e.seq for e in told}
    report = tampered(old, "UPDATE jobs SET data = 'x'", "DELETE FROM session_closings")
    assert {fault.seq for fault in report.faults} == {taken["jobs"], taken["session_closings"]}


def test_a_log_whose_end_is_no_entry_can_still_be_brought_up_to_date_and_looked_at(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER audit_no_update")
        raw.execute("UPDATE audit SET time = 'soon' WHERE seq = (SELECT max(seq) FROM audit)")
    assert any("is not an entry" in fault.what for fault in report_on(old).faults)
