"""What the plan says of the Slurm job: the cluster, its container, the canary, and where the checks run."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from aqboard.domain.model import Name, Record

SlurmWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
SlurmTime = Annotated[str, StringConstraints(pattern=r"^(\d{1,3}-)?\d{1,2}:\d{2}:\d{2}$")]
SlurmMemory = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,6}[MGT]$")]
CommandWord = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00-\x1f]*$")]
# A comma or a further colon would be read as another bind by the runtime.
Bind = Annotated[str, StringConstraints(max_length=500, pattern=r"^/[^\x00-\x1f,:]*(:/[^\x00-\x1f,:]*(:(ro|rw))?)?$")]

_PYTHON = re.compile(r"python[0-9.]*", re.ASCII)


class ContainerPlan(Record):
    """The image that the training runs in, on every node."""

    image: Path
    """A file that every node can read. It is an input like the checkpoint: known by its digest, checked by the job."""
    runtime: Literal["singularity", "apptainer"] | None = None
    """How the image is started; without it, as the cluster's profile says."""
    binds: tuple[Bind, ...] = ()
    """Folders the training needs inside, `/outside`, `/outside:/inside` or `/outside:/inside:ro`. The working directory
    and the folder of the signed manifest are always there."""


class CanaryPlan(Record):
    """A short trial of the same command on few nodes, before the launch; the launch starts only if it ends well.

    Two nodes are the fewest: a single one never touches the network between nodes.
    """

    nodes: int = Field(default=2, ge=2, le=100)
    """Nodes of the trial, at most those of the launch."""
    time: SlurmTime = "00:20:00"
    """Its time limit, `[days-]hours:minutes:seconds`."""
    partition: SlurmWord | None = None
    """Without it, the partition that the profile has for short jobs, or else the launch's own."""
    arguments: tuple[CommandWord, ...] = ()
    """Words put behind the command, for a training that does not ask Slurm how many nodes it has."""


class ClusterPlan(Record):
    """The Slurm job: one task per GPU, `nodes` x `gpus_per_node` of them."""

    profile: SlurmWord = "lumi-g"
    """The cluster: a name that `aqboard profiles` lists."""
    account: SlurmWord
    """The project that pays, Slurm's `--account`."""
    partition: SlurmWord
    """Slurm's `--partition`; the profile knows its limits."""
    nodes: int = Field(ge=1, le=10_000)
    """Nodes of the job."""
    gpus_per_node: int = Field(ge=1, le=16)
    """GPUs of each node, one task each."""
    time: SlurmTime
    """The time limit, `[days-]hours:minutes:seconds`."""
    job_name: Name
    """What Slurm calls the job."""
    workdir: str = Field(min_length=1, max_length=500, pattern=r"^/[^\x00-\x1f]*$")
    """The folder that the job starts in, an absolute path."""
    command: tuple[CommandWord, ...] = Field(min_length=1)
    """The training command as separate words; each is quoted, no shell ever expands it."""
    container: ContainerPlan | None = None
    venv: Annotated[str, StringConstraints(max_length=500, pattern=r"^/[^\x00-\x1f:]*$")] | None = None
    """A virtual environment that the command runs in; inside the container where there is one."""
    python: CommandWord | None = None
    """The Python that verifies the signed manifest on every node; without it, the command's own (`job_python`)."""
    canary: CanaryPlan | None = None

    @property
    def gpus(self) -> int:
        """GPUs of the whole job."""
        return self.nodes * self.gpus_per_node

    @property
    def job_python(self) -> str:
        """The Python of the job: the one named, else the command's own first word, else the environment's `python3`.

        It needs aqboard and pydantic, nothing else, and is looked up where the command is: in the container, in `venv`.
        """
        if self.python is not None:
            return self.python
        first = self.command[0]
        return first if _PYTHON.fullmatch(first.rpartition("/")[2]) else "python3"

    @model_validator(mode="after")
    def _canary_is_smaller(self) -> Self:
        if self.canary is not None and self.canary.nodes > self.nodes:
            raise ValueError(f"have a canary of at most {self.nodes} nodes, or none: it is a trial of the launch")
        return self


class ChecksPlan(Record):
    """Where the checks run when they run as a Slurm job; what is not said is the cluster profile's, or the launch's."""

    partition: SlurmWord | None = None
    """The partition to run in."""
    account: SlurmWord | None = None
    """The project that pays for the checks."""
    time: SlurmTime | None = None
    """The time limit, `[days-]hours:minutes:seconds`."""
    gpus: int | None = Field(default=None, ge=0, le=16)
    """GPUs to ask for; 0 for a partition without GPUs."""
    cpus: int | None = Field(default=None, ge=1, le=1024)
    """Cores to ask for."""
    memory: SlurmMemory | None = None
    """Memory to ask for, e.g. `64G`."""
    python: Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]*$")] | None = None
    """The Python that measures, where it is not the one that aqboard runs in here; it needs aqboard with the extras
    `checks` and `slurm`, of this version."""
    container: tuple[Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00-\x1f]*$")], ...] = ()
    """The words before that Python, e.g. `[singularity, exec, --rocm, image.sif]`; each is quoted."""
