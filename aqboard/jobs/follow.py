"""Follow launched jobs until their end: Slurm's word, the training's losses, the guard's verdict.

Anybody may call this at any time, several people at once: what is new is stored, what is known is left.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aqboard.domain.curve import thinned
from aqboard.domain.evidence.loss import CurvePoint
from aqboard.domain.identity import Identity
from aqboard.domain.job.slurm_job import JobRecord, JobStatus, Submission
from aqboard.domain.plan import LaunchPlan
from aqboard.guard.verdict import read_verdict
from aqboard.jobs.slurm import Slurm, SlurmError
from aqboard.readers.errors import ReadError
from aqboard.readers.logs.training_log import read_live_log
from aqboard.readers.source import FileSource
from aqboard.store import Store, StoredAttempt
from aqboard.store.jobs import WAITS, Jobs

logger = logging.getLogger(__name__)

FIRST_POINTS, MORE_POINTS = 2000, 200
"""Points kept of each curve: of what is read the first time, and of what has come since. A screen shows fewer."""
TAIL = 16 << 10
"""Bytes from the end of a job's own log that are shown."""
MOST_LOGS = 1000
"""Files that a plan's pattern for the log may match before the search is given up."""


@dataclass(frozen=True)
class Followed:
    """The jobs of an attempt, newest first, and what could not be found out, one sentence each."""

    jobs: tuple[JobRecord, ...]
    notes: tuple[str, ...] = ()


def refresh(store: Store, stored: StoredAttempt, slurm: Slurm) -> Followed:
    """Find out what is new about the attempt's jobs, store it, and give back all of it."""
    jobs, uid = Jobs(store), stored.attempt.uid
    before = jobs.of(uid)
    notes: list[str] = []
    try:
        sight(jobs, [record for record in before if not record.over], slurm)
    except SlurmError as error:
        notes.append(f"What follows may be out of date. {error.message}")
    was_over = {record.submission.job for record in before if record.over}
    known = jobs.of(uid)
    numbers = {record.submission.job for record in known}
    for record in known:
        if record.last is None or record.last.state == WAITS:
            continue
        # A refused verdict stays refused, and is said each time; a shared file system may show a good one late.
        ended = record.submission.job in was_over
        told = [_store_verdict(jobs, record, numbers)] if not ended or record.verdict is None else []
        if not ended:
            told.append(_ingest(jobs, record, stored.attempt.plan))
        notes += [sentence for sentence in told if sentence]
    return Followed(jobs.of(uid), tuple(notes))


def sight(jobs: Jobs, records: Sequence[JobRecord], slurm: Slurm) -> None:
    """Ask Slurm about those whose end it has not told, and store what it says; raises SlurmError."""
    by_id = {r.submission.job: r.submission for r in records if r.last is None or not r.last.over}
    now = datetime.now(UTC)
    for job, found in slurm.jobs(by_id).items():
        sighting = JobStatus(
            job=job,
            state=found.state.value,
            over=found.state.over,
            exit_code=found.exit_code,
            reason=found.reason,
            nodes=found.nodes,
            start=found.start,
            end=found.end,
            seen_at=now,
        )
        jobs.add_sighting(by_id[job].attempt, sighting)


def cancel(store: Store, job: str, slurm: Slurm, *, person: Identity) -> Submission:
    """Cancel a job that was submitted from here; raises StoreError for another, SlurmError when Slurm refuses."""
    jobs = Jobs(store)
    submission = jobs.find(job)
    slurm.cancel(job)
    jobs.add_cancel(submission, person)
    return submission


def log_tail(submission: Submission) -> str:
    """The end of what the job printed; empty when nothing is there, or not visible from this machine."""
    try:
        with FileSource(submission.log) as source:
            start = max(0, source.size - TAIL)
            text = source.read(start, source.size - start).decode(errors="replace")
    except ReadError:
        return ""
    return text.partition("\n")[2] if start else text


def training_log(plan: LaunchPlan, last: JobStatus | None) -> Path | None:
    """The newest file that the plan's pattern matches and that the job has written to; None when there is none yet.

    Only files that really lie in the working directory count, wherever a link leads. Raises ReadError where this
    machine does not see that directory.
    """
    if plan.training.log is None or last is None or not last.start:
        return None
    root = Path(plan.cluster.workdir)
    if not root.is_dir():
        raise ReadError(f"The training's log is not followed: {root} is not visible from this machine.")
    # Slurm cuts off fractions of a second; what was written in that second may be the canary's, which ended before.
    began = datetime.fromisoformat(last.start).astimezone() + timedelta(seconds=1)
    ended = datetime.fromisoformat(last.end).astimezone() if last.end else None
    found = [(written, path) for written, path in _matching(root, plan.training.log) if written >= began.timestamp()]
    if ended is not None:
        # What a later job writes to the same place is not this one's; a file system's clock may be a little ahead.
        found = [(written, path) for written, path in found if written <= ended.timestamp() + 60]
    return max(found)[1] if found else None


def reduced(points: Sequence[CurvePoint], most: int) -> tuple[CurvePoint, ...]:
    """The points of both curves, each thinned to at most `most`."""
    keep: set[int] = set()
    for name in ("train_loss", "val_loss"):
        rows = [(i, value) for i, point in enumerate(points) if (value := getattr(point, name)) is not None]
        keep |= {rows[place][0] for place in thinned([value for _, value in rows], most)}
    return tuple(points[i] for i in sorted(keep))


def _store_verdict(jobs: Jobs, record: JobRecord, numbers: Collection[str]) -> str:
    """Store what the job's guard wrote; a sentence when that is refused. `numbers`: the attempt's jobs."""
    submission = record.submission
    try:
        verdict = read_verdict(submission, numbers)
    except ReadError as error:
        logger.info("verdict of job %s refused (%s)", submission.job, error.code)
        return f"The guard's verdict on job {submission.job} is refused: {error.message} See the job's own log."
    if verdict is not None:
        jobs.add_verdict(submission.attempt, submission.job, verdict)
    return ""


def _ingest(jobs: Jobs, record: JobRecord, plan: LaunchPlan) -> str:
    """Store what is new in the training's log; a sentence when it cannot be read."""
    uid, job = record.submission.attempt, record.submission.job
    try:
        path = training_log(plan, record.last)
        points = read_live_log(path) if path else ()
    except ReadError as error:
        return error.message
    first = jobs.rows_read(uid, job)
    if new := points[first:]:
        most = MORE_POINTS if first else FIRST_POINTS
        jobs.add_points(uid, job, first, len(points), reduced(new, most))
    return ""


def _matching(root: Path, pattern: str) -> Iterator[tuple[float, Path]]:
    """(time of the last change, path) of the files below `root` that the pattern matches."""
    real = root.resolve()
    for count, path in enumerate(root.glob(pattern)):
        if count == MOST_LOGS:
            raise ReadError(f"{pattern} matches more than {MOST_LOGS} files below {root}; name the log more exactly.")
        with suppress(OSError):
            if path.resolve().is_relative_to(real) and path.is_file():
                yield path.stat().st_mtime, path
