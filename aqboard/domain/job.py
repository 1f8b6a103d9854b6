"""A launch at Slurm: what was submitted by whom, what Slurm said of it since, and how its training goes."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, StringConstraints

from aqboard.domain.evidence import CurvePoint
from aqboard.domain.guard_verdict import GuardVerdict
from aqboard.domain.identity import Identity
from aqboard.domain.model import Record

Role = Literal["canary", "launch"]
JobId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}$")]


class Submission(Identity):
    """A job as a person handed it to Slurm. Never changed; what becomes of it are `Sighting`s."""

    attempt: str
    """The attempt's uid."""
    job: JobId
    role: Role
    script: str
    """Path of the script; manifest, verdict and log lie in its folder."""
    seal: str
    log: str
    """Path of what the job prints."""
    after: str = ""
    """The job that must end well before this one starts; empty where there is none."""
    submitted_at: AwareDatetime


class Sighting(Record):
    """What Slurm said of a job when it was last asked."""

    job: JobId
    state: str
    """Slurm's word, e.g. PENDING; UNKNOWN when Slurm has forgotten the job."""
    over: bool
    """Whether nothing more will come of it."""
    exit_code: int | None = None
    reason: str = ""
    nodes: str = ""
    start: str = ""
    """Local time of the cluster, without a zone, as Slurm prints it; an estimate while the job waits."""
    end: str = ""
    seen_at: AwareDatetime

    def says_the_same(self, other: "Sighting | None") -> bool:
        """Whether nothing but the time of asking differs."""
        return other is not None and self.model_copy(update={"seen_at": other.seen_at}) == other


class JobRecord(Record):
    """One job with all that is known of it."""

    submission: Submission
    last: Sighting | None = None
    points: tuple[CurvePoint, ...] = ()
    """The training's losses, reduced when they were stored."""
    verdict: GuardVerdict | None = None
    """The guard's newest word."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.last is not None and self.last.over
