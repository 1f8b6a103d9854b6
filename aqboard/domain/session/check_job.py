"""The Slurm job that a check session asks for: one task on one node."""

from typing import Literal

from pydantic import Field

from aqboard.domain.model import Record
from aqboard.domain.plan import SlurmMemory, SlurmTime, SlurmWord


class CheckJob(Record):
    """Kept with the session as its `resources`, so that it can be seen later what was asked for."""

    account: SlurmWord
    partition: SlurmWord
    time: SlurmTime
    gpus: int = Field(ge=0, le=16)
    gpu_request: Literal["gpus-per-node", "gres"]
    """The directive that asks for GPUs on this cluster."""
    cpus: int | None = Field(default=None, ge=1, le=1024)
    """None takes what Slurm gives one task by default."""
    memory: SlurmMemory | None = None
    """None takes what Slurm gives by default."""
    python: str | None = None
    container: tuple[str, ...] = ()
