"""Launched jobs in the database: what was submitted, what became of it, how its training goes. Append-only.

Several people may follow one job at the same time, so each call looks, inside its transaction, at what is there
already: what everybody sees at once is stored once.
"""

import json
from collections.abc import Sequence

from aqboard.domain.errors import StoreError
from aqboard.domain.evidence.loss import CurvePoint
from aqboard.domain.identity import Identity
from aqboard.domain.job.guard_verdict import GuardVerdict
from aqboard.domain.job.slurm_job import UNKNOWN, JobRecord, JobStatus, Settlement, Submission
from aqboard.domain.model import Record
from aqboard.store.rows import Span, append, query, tell
from aqboard.store.sqlite.transaction import writing
from aqboard.store.store import Store

WAITS = "PENDING"

NEWEST = """
    SELECT attempt, job,
        (SELECT state FROM job_sightings s WHERE s.attempt = j.attempt AND s.job = j.job ORDER BY s.id DESC LIMIT 1),
        (SELECT data FROM job_verdicts v WHERE v.attempt = j.attempt AND v.job = j.job ORDER BY v.id DESC LIMIT 1),
        (SELECT state FROM job_settlements s WHERE s.attempt = j.attempt AND s.job = j.job ORDER BY s.id DESC LIMIT 1)
    FROM jobs j WHERE id IN (SELECT max(id) FROM jobs WHERE role = 'launch' GROUP BY attempt)
"""


class Jobs:
    """The launched jobs in a store."""

    def __init__(self, store: Store) -> None:
        self._db = store.db

    # ------------------------------------------------------------------ append

    def add(self, submission: Submission) -> None:
        """Store a job that Slurm has taken, and put it into the audit log."""
        with writing(self._db):
            rows = self._append("jobs", submission.attempt, submission.job, submission, role=submission.role)
            tell(self._db, "job submitted", submission.attempt, _facts(submission), rows, submission)

    def add_cancel(self, submission: Submission, by: Identity) -> None:
        """Put into the audit log that somebody had a job cancelled; what became of it Slurm says."""
        with writing(self._db):
            tell(self._db, "job cancelled", submission.attempt, _facts(submission), actor=by)

    def add_settlement(self, settlement: Settlement) -> None:
        """Store what a person says became of a job, and put it into the audit log."""
        columns = {"state": settlement.state, "person": settlement.person}
        with writing(self._db):
            rows = self._append("job_settlements", settlement.attempt, settlement.job, settlement, **columns)
            facts = settlement.model_dump(include={"job", "state", "reason"})
            tell(self._db, "job settled", settlement.attempt, facts, rows, settlement)

    def add_sighting(self, uid: str, sighting: JobStatus) -> bool:
        """Store what Slurm says of a job; False when it said the same the last time."""
        with writing(self._db):
            last = self._last("job_sightings", uid, sighting.job)
            if sighting.says_the_same(JobStatus.model_validate_json(last) if last else None):
                return False
            rows = self._append("job_sightings", uid, sighting.job, sighting, state=sighting.state)
            if sighting.state != WAITS:
                facts = sighting.model_dump(include={"job", "state", "exit_code"}, exclude_none=True)
                tell(self._db, "job seen", uid, facts, rows)
        return True

    def add_points(self, uid: str, job: str, first: int, until: int, points: Sequence[CurvePoint]) -> bool:
        """Store `points`, which stand for the rows `first` to `until` (not included) of a job's log.

        False, and nothing stored, when `first` is not the row after the last one stored: somebody else was faster.
        """
        with writing(self._db):
            if self.rows_read(uid, job) != first:
                return False
            data = json.dumps([point.model_dump(exclude_none=True) for point in points])
            self._append("job_points", uid, job, data, first=first, until=until)
        return True

    def add_verdict(self, uid: str, job: str, verdict: GuardVerdict) -> bool:
        """Store the guard's word; False when it is the one that is stored."""
        with writing(self._db):
            if self._last("job_verdicts", uid, job) == verdict.model_dump_json():
                return False
            rows = self._append("job_verdicts", uid, job, verdict)
            facts = verdict.model_dump(include={"job", "state", "step", "code"}, exclude_none=True)
            tell(self._db, "guard's word stored", uid, facts, rows)
        return True

    # -------------------------------------------------------------------- read

    def of(self, uid: str) -> tuple[JobRecord, ...]:
        """Every job of an attempt, newest first."""
        rows = query(self._db, "SELECT data FROM jobs WHERE attempt = ? ORDER BY id DESC", uid)
        return tuple(self.record(Submission.model_validate_json(data)) for (data,) in rows)

    def find(self, job: str) -> Submission:
        """The newest submission of this number; raises StoreError when there is none."""
        rows = query(self._db, "SELECT data FROM jobs WHERE job = ? ORDER BY id DESC LIMIT 1", job)
        if not rows:
            raise StoreError(f"Job {job} was not submitted from this board. `aqboard jobs` lists those that were.")
        return Submission.model_validate_json(rows[0][0])

    def all(self) -> tuple[JobRecord, ...]:
        """Every job of every attempt, newest first."""
        rows = query(self._db, "SELECT data FROM jobs ORDER BY id DESC")
        return tuple(self.record(Submission.model_validate_json(data)) for (data,) in rows)

    def record(self, submission: Submission) -> JobRecord:
        """All that is known of a job that was submitted."""
        uid, job = submission.attempt, submission.job
        sighting, verdict = self._last("job_sightings", uid, job), self._last("job_verdicts", uid, job)
        settlement = self._last("job_settlements", uid, job)
        chunks = query(self._db, "SELECT data FROM job_points WHERE attempt = ? AND job = ? ORDER BY id", uid, job)
        return JobRecord(
            submission=submission,
            last=JobStatus.model_validate_json(sighting) if sighting else None,
            settlement=Settlement.model_validate_json(settlement) if settlement else None,
            points=tuple(CurvePoint.model_validate(point) for (data,) in chunks for point in json.loads(data)),
            verdict=GuardVerdict.model_validate_json(verdict) if verdict else None,
        )

    def rows_read(self, uid: str, job: str) -> int:
        """How many rows of a job's log are stored."""
        rows = query(self._db, "SELECT coalesce(max(until), 0) FROM job_points WHERE attempt = ? AND job = ?", uid, job)
        return int(rows[0][0])

    def newest(self) -> dict[str, tuple[str, str, GuardVerdict | None]]:
        """By attempt, its newest launch: job, its state (empty before one is known), the guard's word. One query."""
        return {
            uid: (
                job,
                (settled if state in (None, UNKNOWN) and settled else state) or "",
                GuardVerdict.model_validate_json(verdict) if verdict else None,
            )
            for uid, job, state, verdict, settled in query(self._db, NEWEST)
        }

    # ------------------------------------------------------------------ inside

    def _append(self, table: str, uid: str, job: str, data: Record | str, **columns: str | int) -> Span | None:
        """Append one row, inside the transaction of the caller."""
        text = data if isinstance(data, str) else data.model_dump_json()
        return append(self._db, table, uid, {"job": job, **columns, "data": text})

    def _last(self, table: str, uid: str, job: str) -> str | None:
        newest = f"SELECT data FROM {table} WHERE attempt = ? AND job = ? ORDER BY id DESC LIMIT 1"
        rows = query(self._db, newest, uid, job)
        return rows[0][0] if rows else None


def _facts(submission: Submission) -> dict[str, object]:
    """What the audit log tells of a job."""
    return submission.model_dump(include={"job", "role", "after", "seal", "script"})
