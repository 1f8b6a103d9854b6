"""Launched jobs in the database: appended, never changed, and stored once however many people follow them."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from aqboard.domain.errors import StoreError
from aqboard.domain.evidence.loss import CurvePoint
from aqboard.domain.job.guard_verdict import GuardVerdict
from aqboard.domain.job.slurm_job import JobStatus, Submission
from aqboard.store import Store
from aqboard.store.jobs import Jobs
from tests import samples

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
UID = "0" * 32


def submission(job: str = "7", **changes) -> Submission:
    facts = {
        "attempt": UID,
        "job": job,
        "role": "launch",
        "script": "/b/launch.sbatch",
        "seal": "5" * 64,
        "log": "/b/x-7.out",
        "person": "Ada",
        "identified_by": "none",
        "submitted_at": NOW,
    }
    return Submission.model_validate(facts | changes)


def sighting(state: str, **changes) -> JobStatus:
    return JobStatus.model_validate({"job": "7", "state": state, "over": False, "seen_at": NOW} | changes)


def verdict(state: str = "running", **changes) -> GuardVerdict:
    facts = {"attempt": UID, "seal": "s", "manifest": "m", "state": state, "world": 400, "host": "nid1", "job": "7"}
    return GuardVerdict.model_validate(facts | {"started_at": NOW, "written_at": NOW} | changes)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "b.db", create=True) as store:
        store.add_attempt(samples.attempt())
        yield store


def test_what_is_stored_is_read_back_newest_first(store):
    jobs = Jobs(store)
    jobs.add(submission("6", role="canary"))
    jobs.add(submission("7", after="6"))
    jobs.add_sighting(UID, sighting("RUNNING", nodes="nid[1-50]"))
    jobs.add_verdict(UID, "7", verdict())
    newest, canary = jobs.of(UID)
    assert (newest.submission.job, newest.submission.after, newest.last.state, newest.over) == (
        "7",
        "6",
        "RUNNING",
        False,
    )
    assert (canary.submission.role, canary.last, canary.verdict, canary.points) == ("canary", None, None, ())
    assert newest.verdict == verdict()
    assert jobs.find("6") == canary.submission
    assert jobs.newest() == {UID: ("7", "RUNNING", verdict())}
    with pytest.raises(StoreError, match="Job 9 was not submitted from this board"):
        jobs.find("9")


def test_the_same_word_of_slurm_is_stored_once(store):
    jobs = Jobs(store)
    jobs.add(submission())
    later = {"seen_at": NOW + timedelta(minutes=1)}
    assert jobs.add_sighting(UID, sighting("PENDING"))
    assert not jobs.add_sighting(UID, sighting("PENDING", **later))
    assert jobs.add_sighting(UID, sighting("PENDING", reason="Priority", **later))
    assert jobs.add_sighting(UID, sighting("COMPLETED", over=True))
    assert jobs.of(UID)[0].over


def test_the_same_verdict_is_stored_once_and_the_newest_counts(store):
    jobs = Jobs(store)
    jobs.add(submission())
    stopped = verdict("stopped", code=42, reason="val_loss is 0.964")
    assert [jobs.add_verdict(UID, "7", word) for word in (verdict(), verdict(), stopped, stopped)] == [1, 0, 1, 0]
    assert jobs.of(UID)[0].verdict == stopped


def test_of_two_who_read_the_same_rows_one_stores_them(store):
    jobs, points = Jobs(store), [CurvePoint(step=i, train_loss=1.0 / (i + 1)) for i in range(4)]
    jobs.add(submission())
    assert jobs.add_points(UID, "7", 0, 3, points[:3])
    assert not jobs.add_points(UID, "7", 0, 4, points)
    assert jobs.rows_read(UID, "7") == 3
    assert jobs.add_points(UID, "7", 3, 4, points[3:])
    assert jobs.of(UID)[0].points == tuple(points)


def test_nothing_of_a_job_can_be_changed(store):
    jobs = Jobs(store)
    jobs.add(submission())
    jobs.add_sighting(UID, sighting("PENDING"))
    for table in ("jobs", "job_sightings"):
        for statement in (f"UPDATE {table} SET data = ''", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store.db.conn.execute(statement)


def test_a_job_of_no_attempt_is_refused(store):
    with pytest.raises(sqlite3.IntegrityError):
        Jobs(store).add(submission(attempt="1" * 32))
