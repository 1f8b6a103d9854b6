"""Hand a signed launch to Slurm: the canary first where there is one, the launch behind it.

Nothing is submitted unless the attempt is READY and signed, the scripts on disk are the ones that were signed, bash
can read them, and Slurm says beforehand that it would run them as signed.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from aqboard.domain.errors import LaunchError, StoreError
from aqboard.domain.job.slurm_job import UNKNOWN, Submission
from aqboard.domain.signing.identity import Identity
from aqboard.jobs.follow import sight
from aqboard.jobs.rehearse import Refused, parts, rehearse, require_signed
from aqboard.jobs.slurm import Slurm, SlurmError
from aqboard.launch.quoting import slug
from aqboard.store import Store, StoredAttempt
from aqboard.store.jobs import Jobs


def submit(store: Store, number: int, slurm: Slurm, *, person: Identity, canary: bool = True) -> tuple[Submission, ...]:
    """Submit the launch of attempt `number`; the jobs that Slurm took, in order, which are then stored.

    Raises Refused as `rehearse` does, also when Slurm would not take a script, or a job of the same launch is not over
    yet. When the launch's own job is refused after the canary's was taken, the canary is cancelled.
    """
    stored = store.attempt(number)
    script, _ = require_signed(stored)
    with _alone(Path(script.path)):
        jobs = Jobs(store)
        sight(jobs, jobs.of(stored.attempt.uid), slurm)
        _require_no_other(jobs, stored)
        if faults := tuple(fault for part in rehearse(stored, slurm, canary=canary) for fault in part.faults):
            raise Refused(faults)
        taken: list[Submission] = []
        try:
            for role, path, job in parts(stored, script, canary=canary):
                after = taken[-1].job if taken else ""
                folder = Path(script.path).parent
                given = slurm.submit(path, after_ok=after or None, folder=folder)
                submission = Submission(
                    **person.model_dump(),
                    attempt=stored.attempt.uid,
                    job=given,
                    role=role,
                    script=str(path),
                    seal=script.seal,
                    log=str(folder / f"{slug(job.job_name)}-{given}.out"),
                    after=after,
                    submitted_at=datetime.now(UTC),
                )
                taken.append(submission)
                jobs.add(submission)
        except (SlurmError, StoreError) as error:
            raise _undone(slurm, taken, error) from None
    return tuple(taken)


def _undone(slurm: Slurm, taken: list[Submission], error: SlurmError | StoreError) -> LaunchError:
    """Half a launch helps nobody: what was taken is cancelled, and what remains is said."""
    told = [error.message]
    for submission in taken:
        try:
            slurm.cancel(submission.job)
            told.append(f"The {submission.role}, job {submission.job}, was cancelled again.")
        except SlurmError:
            told.append(f"The {submission.role} is job {submission.job}; cancel it with `scancel {submission.job}`.")
    if error.code == "slurm-silent":
        told.append("Slurm may have taken the last job all the same: look with `squeue --me`.")
    return LaunchError(" ".join(told), code=error.code)


def _require_no_other(jobs: Jobs, stored: StoredAttempt) -> None:
    if other := next((record for record in jobs.of(stored.attempt.uid) if not record.over), None):
        submission, state = other.submission, other.state or "not asked about yet"
        remedy = f"Wait for its end, or cancel it: `aqboard jobs cancel {submission.job}`."
        if state == UNKNOWN:
            remedy = (
                "Slurm has forgotten it. Find out whether it still runs, e.g. from its log; then say how it ended: "
                f"`aqboard jobs settle {submission.job} --as failed --reason ...`."
            )
        told = f"The {submission.role} was submitted already: job {submission.job} ({state}), by {submission.person}."
        raise Refused((f"{told} {remedy}",))


@contextmanager
def _alone(script: Path) -> Iterator[None]:
    """Let one process at a time submit a launch; raises Refused where another is at it."""
    try:
        file = script.open("rb")
    except OSError as error:
        remedy = "Say GO again, and submit what that writes."
        raise Refused((f"The signed script {script} cannot be read ({error.strerror}). {remedy}",)) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(("Somebody else is submitting this launch right now; look at its jobs.",)) from None
        yield
