"""Say how a job ended that Slurm has forgotten, so that it does not stand in the way of the next one for ever."""

from datetime import UTC, datetime

from pydantic import ValidationError

from aqboard.domain.errors import LaunchError
from aqboard.domain.job.slurm_job import UNKNOWN, End, Settlement
from aqboard.domain.model import first_fault
from aqboard.domain.signing.identity import Identity
from aqboard.jobs.follow import sight
from aqboard.jobs.slurm import Slurm
from aqboard.store import Store
from aqboard.store.jobs import Jobs


def settle(
    store: Store, job: str, slurm: Slurm, *, person: Identity, state: End, reason: str, now: datetime | None = None
) -> Settlement:
    """Record that `person` says the job ended as `state`, and how they know.

    Slurm is asked first: raises LaunchError, and records nothing, for a job that it knows, SlurmError when it cannot
    be asked, StoreError for a job that was not submitted from here. A later word replaces an earlier one.
    """
    jobs = Jobs(store)
    submission = jobs.find(job)
    try:
        settlement = Settlement(
            **person.model_dump(),
            attempt=submission.attempt,
            created_at=now or datetime.now(UTC),
            job=job,
            state=state,
            reason=reason,
        )
    except ValidationError as error:
        raise LaunchError(f"Nothing was recorded. {first_fault(error)}") from None
    sight(jobs, (jobs.record(submission),), slurm)
    last = jobs.record(submission).last
    if last is not None and last.state != UNKNOWN:
        raise LaunchError(
            f"Nothing was recorded: Slurm knows job {job}, and says {last.state}. `aqboard jobs` shows what it says; "
            f"`aqboard jobs cancel {job}` ends a job that still waits or runs."
        )
    jobs.add_settlement(settlement)
    return settlement
