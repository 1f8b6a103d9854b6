"""A launch at Slurm: what was submitted by whom, what Slurm said of it since, and how its training goes."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, StringConstraints

from aqboard.domain.evidence.loss import CurvePoint
from aqboard.domain.identity import Identity, Statement
from aqboard.domain.job.guard_verdict import GuardVerdict
from aqboard.domain.model import Record

Role = Literal["canary", "launch"]
JobId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}$")]


class Submission(Identity):
    """A job as a person handed it to Slurm. Never changed; what becomes of it are `JobStatus`s."""

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


class JobStatus(Record):
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

    def says_the_same(self, other: "JobStatus | None") -> bool:
        """Whether nothing but the time of asking differs."""
        return other is not None and self.model_copy(update={"seen_at": other.seen_at}) == other


End = Literal["COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"]
"""How a person can say that a job ended, in Slurm's words."""

UNKNOWN = "UNKNOWN"
"""Slurm's word, as it were, for a job that it has forgotten."""


class Settlement(Statement):
    """What a person says became of a job that Slurm has forgotten. It counts until Slurm itself says something."""

    job: JobId
    state: End
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    """How the person knows."""


class JobRecord(Record):
    """One job with all that is known of it."""

    submission: Submission
    last: JobStatus | None = None
    settlement: Settlement | None = None
    """The newest one, whether or not it counts."""
    points: tuple[CurvePoint, ...] = ()
    """The training's losses, reduced when they were stored."""
    verdict: GuardVerdict | None = None
    """The guard's newest word."""

    @property
    def settled(self) -> Settlement | None:
        """The person's word on its end, while it counts."""
        return self.settlement if self.last is None or self.last.state == UNKNOWN else None

    @property
    def state(self) -> str:
        """Slurm's word, or a person's where Slurm has none; empty where nobody has been asked."""
        if self.settled is not None:
            return self.settled.state
        return self.last.state if self.last else ""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.settled is not None or (self.last is not None and self.last.over)
