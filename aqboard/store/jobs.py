"""Launched jobs in the database: what was submitted, what became of it, how its training goes. Append-only.

Several people may follow one job at the same time, so each call looks, inside its transaction, at what is there
already: what everybody sees at once is stored once.
"""

import json
from collections.abc import Sequence

from aqboard.domain.errors import StoreError
from aqboard.domain.evidence import CurvePoint
from aqboard.domain.guard_verdict import GuardVerdict
from aqboard.domain.identity import Identity
from aqboard.domain.job import JobRecord, Sighting, Submission
from aqboard.domain.model import Record
from aqboard.store.audit import record
from aqboard.store.connection import writing
from aqboard.store.rows import insert
from aqboard.store.store import Store

NEWEST = """
    SELECT attempt, job,
        (SELECT state FROM job_sightings s WHERE s.attempt = j.attempt AND s.job = j.job ORDER BY s.id DESC LIMIT 1),
        (SELECT data FROM job_verdicts v WHERE v.attempt = j.attempt AND v.job = j.job ORDER BY v.id DESC LIMIT 1)
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
            self._insert("jobs", submission.attempt, submission.job, submission, role=submission.role)
            self._record_action("job submitted", submission, submission)

    def add_cancel(self, submission: Submission, by: Identity) -> None:
        """Put into the audit log that somebody had a job cancelled; what became of it Slurm says."""
        with writing(self._db):
            self._record_action("job cancelled", submission, by)

    def add_sighting(self, uid: str, sighting: Sighting) -> bool:
        """Store what Slurm says of a job; False when it said the same the last time."""
        with writing(self._db):
            last = self._last("job_sightings", uid, sighting.job)
            if sighting.says_the_same(Sighting.model_validate_json(last) if last else None):
                return False
            self._insert("job_sightings", uid, sighting.job, sighting, state=sighting.state)
        return True

    def add_points(self, uid: str, job: str, first: int, until: int, points: Sequence[CurvePoint]) -> bool:
        """Store `points`, which stand for the rows `first` to `until` (not included) of a job's log.

        False, and nothing stored, when `first` is not the row after the last one stored: somebody else was faster.
        """
        with writing(self._db):
            if self.rows_read(uid, job) != first:
                return False
            data = json.dumps([point.model_dump(exclude_none=True) for point in points])
            self._insert("job_points", uid, job, data, first=first, until=until)
        return True

    def add_verdict(self, uid: str, job: str, verdict: GuardVerdict) -> bool:
        """Store the guard's word; False when it is the one that is stored."""
        with writing(self._db):
            if self._last("job_verdicts", uid, job) == verdict.model_dump_json():
                return False
            self._insert("job_verdicts", uid, job, verdict)
        return True

    # -------------------------------------------------------------------- read

    def of(self, uid: str) -> tuple[JobRecord, ...]:
        """Every job of an attempt, newest first."""
        rows = self._query("SELECT data FROM jobs WHERE attempt = ? ORDER BY id DESC", uid)
        return tuple(self._record(Submission.model_validate_json(data)) for (data,) in rows)

    def find(self, job: str) -> Submission:
        """The newest submission of this number; raises StoreError when there is none."""
        rows = self._query("SELECT data FROM jobs WHERE job = ? ORDER BY id DESC LIMIT 1", job)
        if not rows:
            raise StoreError(f"Job {job} was not submitted from this board. `aqboard jobs` lists those that were.")
        return Submission.model_validate_json(rows[0][0])

    def all(self) -> tuple[JobRecord, ...]:
        """Every job of every attempt, newest first."""
        rows = self._query("SELECT data FROM jobs ORDER BY id DESC")
        return tuple(self._record(Submission.model_validate_json(data)) for (data,) in rows)

    def rows_read(self, uid: str, job: str) -> int:
        """How many rows of a job's log are stored."""
        rows = self._query("SELECT coalesce(max(until), 0) FROM job_points WHERE attempt = ? AND job = ?", uid, job)
        return int(rows[0][0])

    def newest(self) -> dict[str, tuple[str, str, GuardVerdict | None]]:
        """By attempt, its newest launch: job, Slurm's last word (empty before one), the guard's. One query."""
        return {
            uid: (job, state or "", GuardVerdict.model_validate_json(verdict) if verdict else None)
            for uid, job, state, verdict in self._query(NEWEST)
        }

    # ------------------------------------------------------------------ inside

    def _insert(self, table: str, uid: str, job: str, data: Record | str, **columns: str | int) -> None:
        """Append one row, inside the transaction of the caller."""
        text = data if isinstance(data, str) else data.model_dump_json()
        insert(self._db, table, uid, [{"job": job, **columns, "data": text}])

    def _record_action(self, action: str, submission: Submission, by: Identity) -> None:
        ((number,),) = self._query("SELECT number FROM attempts WHERE uid = ?", submission.attempt)
        facts = submission.model_dump(include={"job", "role", "after", "seal", "script"})
        record(self._db, action, f"attempt {number}", actor=by, facts=facts)

    def _last(self, table: str, uid: str, job: str) -> str | None:
        rows = self._query(f"SELECT data FROM {table} WHERE attempt = ? AND job = ? ORDER BY id DESC LIMIT 1", uid, job)
        return rows[0][0] if rows else None

    def _query(self, sql: str, *parameters: object) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = self._db.conn.execute(sql, parameters).fetchall()
        return rows

    def _record(self, submission: Submission) -> JobRecord:
        uid, job = submission.attempt, submission.job
        sighting, verdict = self._last("job_sightings", uid, job), self._last("job_verdicts", uid, job)
        chunks = self._query("SELECT data FROM job_points WHERE attempt = ? AND job = ? ORDER BY id", uid, job)
        return JobRecord(
            submission=submission,
            last=Sighting.model_validate_json(sighting) if sighting else None,
            points=tuple(CurvePoint.model_validate(point) for (data,) in chunks for point in json.loads(data)),
            verdict=GuardVerdict.model_validate_json(verdict) if verdict else None,
        )
