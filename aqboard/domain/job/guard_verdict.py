"""What the guard saw inside the job: written by rank 0 as `guard_verdict.json`, read back into the attempt."""

from enum import IntEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from aqboard.domain.model import Record
from aqboard.domain.words import printable


class Stop(IntEnum):
    """Exit codes of preflight and guard; every rank of a job ends with the same one."""

    DIGEST = 40
    """A file is not the one that was signed, or the manifest is not."""
    CONFIGURATION = 41
    """The job is set up differently than was signed, or the sign-off was withdrawn."""
    BASELINE = 42
    """The validation loss does not lie where it was measured before the sign-off."""
    NOT_FINITE = 43
    """A loss or a weight is NaN or infinite."""
    WEIGHTS_DIFFER = 44
    """The ranks do not hold the same weights."""
    KILL_SWITCH = 45
    """Somebody asked for the stop."""
    SLOW = 46
    """Steps take longer than was signed."""
    BROKEN = 47
    """A check could not be made: it raised on a rank, or a rank did not answer in time."""

    @property
    def words(self) -> str:
        """What the code means, in a few words."""
        return _WORDS[self]


_WORDS = {
    Stop.DIGEST: "a file is not the one that was signed",
    Stop.CONFIGURATION: "not the configuration that was signed",
    Stop.BASELINE: "the loss is not the baseline's",
    Stop.NOT_FINITE: "not a finite number",
    Stop.WEIGHTS_DIFFER: "weights differ between ranks",
    Stop.KILL_SWITCH: "stopped on request",
    Stop.SLOW: "steps are too slow",
    Stop.BROKEN: "a check could not be made",
}

Text = Annotated[str, Field(max_length=2000), AfterValidator(printable)]
Word = Annotated[str, Field(max_length=260), AfterValidator(printable)]


class GuardCheck(Record):
    """One look at the whole job. Losses in the metric's own unit, times in seconds."""

    when: Literal["start", "step", "validation"]
    """Before the first step, after a step, or at the first validation of the training itself."""
    step: int = Field(ge=0)
    """Optimizer steps done."""
    loss: float | None = None
    """Mean over the samples; None where none was measured."""
    low: float | None = None
    limit: float | None = None
    """The loss had to lie between `low` and `limit`."""
    samples: int = Field(default=0, ge=0)
    weights: Literal["equal", "differ", "sharded", "not compared"] = "not compared"
    """`sharded`: each rank holds a part of the weights, so there is nothing to compare."""
    step_s: float | None = None
    """Median seconds of a step on the slowest rank."""
    step_limit_s: float | None = None
    seconds: float = Field(default=0.0, ge=0)
    """What this look itself took on rank 0."""


class GuardVerdict(Record):
    """Rewritten after every look, so that the last one stands; `code` is 0 until the guard stops the job."""

    format: Literal[1] = 1
    attempt: Word
    seal: Word
    manifest: Word
    """SHA-256 of the manifest."""
    state: Literal["running", "finished", "stopped", "raised"]
    """`raised`: the training itself ended with an error that is none of the guard's."""
    code: int = Field(default=0, ge=0, le=255)
    reason: Text = ""
    """One sentence for a person: what, where, what to do next."""
    quantity: Word = ""
    """What was held against a limit, e.g. `val_loss`."""
    observed: float | None = None
    limit: float | None = None
    step: int = Field(default=0, ge=0)
    ranks_at_fault: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(), max_length=100)
    """Not all of them when there are many; `reason` has the number."""
    world: int = Field(ge=1)
    """Ranks of the job."""
    nodes: Text = ""
    """The job's nodes, as Slurm lists them."""
    host: Word
    """Where rank 0 ran."""
    job: Word = ""
    """Slurm's job id; empty outside Slurm."""
    restarts: int = Field(default=0, ge=0)
    """How often Slurm started this job again."""
    started_at: AwareDatetime
    written_at: AwareDatetime
    checks: tuple[GuardCheck, ...] = Field(default=(), max_length=100)

    @property
    def stopped(self) -> bool:
        """Whether the guard ended the job."""
        return self.state == "stopped"
