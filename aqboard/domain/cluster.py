"""Cluster profiles: what a cluster has and allows, each figure with the source it was read from and the day.

A profile is data; `aqboard.launch.profile` finds and reads it, and `aqboard.lint` judges scripts by it.
`None` means "not known": nothing is checked against it, and the script asks Slurm instead.
"""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AnyHttpUrl, Field, StringConstraints, model_validator

from aqboard.domain.model import Name, Record
from aqboard.domain.plan import SlurmMemory, SlurmTime, SlurmWord

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]{0,99}$")]
HexMask = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{1,64}$")]

PER_TASK_VARIABLES = (
    "RANK",
    "LOCAL_RANK",
    "NODE_RANK",
    "WORLD_SIZE",
    "ROCR_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "CUDA_VISIBLE_DEVICES",
)
"""Set in the batch step these reach every task with rank 0's value; Slurm and the training set them per task."""


class Source(Record):
    """Where a figure was read, in which edition, and the day it was read: limits move."""

    title: Name
    edition: Name | None = None
    """Version or commit of the text that was read, where it is not the one at `url` today."""
    url: AnyHttpUrl | None = None
    read: date


def cite(source: Source) -> str:
    """A source in one line: title, address, edition, and the day it was read."""
    address = f", {source.url}" if source.url else ""
    edition = f"{source.edition}, " if source.edition else ""
    return f"{source.title}{address} ({edition}read {source.read:%Y-%m-%d})"


class Sourced(Record):
    """Facts from one place; `source` is a key of the profile's `sources`."""

    source: str


class Node(Sourced):
    """One node of the GPU partitions."""

    gpus: int | None = Field(default=None, ge=1, le=16)
    """GPUs as Slurm counts them; on MI250X each of the two dies is one."""
    cores: int | None = Field(default=None, ge=1, le=1024)
    """Cores a job may use, which can be fewer than the hardware has."""
    threads_per_core: int = Field(default=1, ge=1, le=8)
    """CPUs that Slurm counts for one core where jobs may use its hardware threads."""
    request: Literal["gpus-per-node", "gres"] = "gpus-per-node"
    """The directive that asks for GPUs on this cluster."""


class Memory(Sourced):
    """What a job may ask for on one node, which can be less than the hardware has."""

    per_node: SlurmMemory


class TimeStep(Record):
    """A shorter time limit for smaller jobs."""

    nodes: int = Field(ge=1)
    max_time: SlurmTime


class Partition(Sourced):
    """Limits of one partition, per job."""

    max_nodes: int | None = Field(default=None, ge=1)
    max_time: SlurmTime | None = None
    canary: bool = False
    """Where a trial on a few nodes starts soonest; a plan's canary goes there unless it names another."""
    max_time_up_to: tuple[TimeStep, ...] = ()
    """Where the time limit grows with the job: limits of jobs of at most so many nodes, smallest first."""
    note: Name | None = None

    def time_limit(self, nodes: int | None) -> SlurmTime | None:
        """The longest time of a job with so many nodes; the longest of all where the number is not known."""
        if nodes is not None:
            for step in self.max_time_up_to:
                if nodes <= step.nodes:
                    return step.max_time
        return self.max_time


class ChecksOn(Sourced):
    """Where the checks run by default: a part of one node, soon."""

    partition: SlurmWord
    time: SlurmTime
    gpus: int = Field(ge=0, le=16)
    cpus: int | None = Field(default=None, ge=1, le=1024)
    memory: SlurmMemory | None = None


class CpuMasks(Sourced):
    """The cores nearest to each GPU, one mask per local rank, in rank order."""

    masks: tuple[HexMask, ...] = Field(min_length=1)

    @property
    def option(self) -> str:
        """The value of srun's `--cpu-bind`."""
        return "mask_cpu:" + ",".join(self.masks)


class ClusterSetting(Sourced):
    """One environment variable; `why` becomes the comment beside it."""

    value: Name
    why: Name


class Absence(Sourced):
    """An environment variable that must not reach the job, because the submitting shell may hold it."""

    why: Name


class NodeCache(Sourced):
    """A cache that must lie on each node's own disk: the folder, and the variables that point to it."""

    folder: Annotated[str, StringConstraints(pattern=r"^/tmp/[A-Za-z0-9_-]{1,60}$")]
    """Completed with the job id."""
    variables: tuple[VariableName, ...] = Field(min_length=1)
    why: Name


class ContainerRuntime(Sourced):
    """How an image is started. Always by `run`: `exec` would skip the image's own entry point."""

    runtime: Literal["singularity", "apptainer"] = "singularity"
    options: tuple[Annotated[str, StringConstraints(pattern=r"^--[a-z][a-z-]{0,40}$")], ...] = ()


class Rendezvous(Sourced):
    """What is put behind the first node's name to reach it over the fast network."""

    suffix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,40}$")]


class Billing(Sourced):
    """What one whole node costs for one hour, in the centre's own unit."""

    unit: Name
    per_node_hour: float = Field(gt=0, allow_inf_nan=False)


class ClusterProfile(Record):
    """Everything the script and the limits need to know about one cluster."""

    name: SlurmWord
    title: Name
    sources: dict[str, Source] = Field(min_length=1)
    recognised_by: tuple[Annotated[str, StringConstraints(pattern=r"^/?[A-Za-z0-9][A-Za-z0-9_./-]{2,60}$")], ...] = ()
    """Signs in a script that no other cluster shares: names of partitions, and beginnings of paths (with a `/`)."""
    node: Node
    memory: Memory | None = None
    partitions: dict[SlurmWord, Partition] = Field(default_factory=dict)
    """Empty when they are not known: then the plan's partition is not checked here, only by Slurm."""
    checks: ChecksOn | None = None
    """None where nobody has said: then the checks ask for a share of a node of the launch's own partition."""
    cpu_masks: CpuMasks | None = None
    environment: dict[VariableName, ClusterSetting] = Field(default_factory=dict)
    unset: dict[VariableName, Absence] = Field(default_factory=dict)
    node_cache: NodeCache | None = None
    rendezvous: Rendezvous | None = None
    billing: Billing | None = None
    container: ContainerRuntime | None = None

    @property
    def memory_request(self) -> str:
        """The value of `--mem`: `0` is Slurm's word for all the memory of a node."""
        return self.memory.per_node if self.memory else "0"

    @property
    def cores_per_task(self) -> int | None:
        """Usable cores for each of a node's tasks, one task per GPU; None when the node is not known."""
        return self.node.cores // self.node.gpus if self.node.cores and self.node.gpus else None

    def sourced(self) -> tuple[Sourced, ...]:
        """Every part that names a source, in reading order."""
        single = (self.memory, self.cpu_masks, self.node_cache, self.rendezvous, self.billing, self.container)
        tables = (self.partitions, self.environment, self.unset)
        return (
            self.node,
            *((self.checks,) if self.checks else ()),
            *(part for table in tables for part in table.values()),
            *(part for part in single if part is not None),
        )

    @property
    def canary_partition(self) -> str | None:
        """The partition for a canary; None where the profile knows none."""
        return next((name for name, partition in self.partitions.items() if partition.canary), None)

    @model_validator(mode="after")
    def _sources_exist(self) -> Self:
        named = {part.source for part in self.sourced()}
        if missing := sorted(named - set(self.sources)):
            raise ValueError(f"`sources` has no entry {missing[0]!r}; every figure needs one")
        return self

    @model_validator(mode="after")
    def _masks_fit_the_node(self) -> Self:
        if self.cpu_masks is None:
            return self
        masks = [int(mask, 16) for mask in self.cpu_masks.masks]
        if len(masks) != self.node.gpus:
            raise ValueError(f"cpu_masks has {len(masks)} masks for {self.node.gpus} GPUs a node; give one per GPU")
        union = 0
        for mask in masks:
            if mask & union:
                raise ValueError(f"cpu_masks: {mask:#x} shares cores with a mask before it")
            union |= mask
        if any(mask.bit_count() != self.cores_per_task for mask in masks):
            raise ValueError(f"cpu_masks: every mask must hold {self.cores_per_task} cores, cores divided by gpus")
        return self

    @model_validator(mode="after")
    def _ranks_stay_with_slurm(self) -> Self:
        if taken := sorted(set(self.environment) & set(PER_TASK_VARIABLES)):
            raise ValueError(f"environment must not set {taken[0]}: every task would inherit the same value")
        return self
