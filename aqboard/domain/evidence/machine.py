"""Evidence on the machine that the checks ran on, and on the folders that the launch will write to."""

from typing import ClassVar

from pydantic import Field

from aqboard.domain.evidence.base import Evidence
from aqboard.domain.model import Record


class Gpu(Record):
    """One GPU as torch sees it."""

    name: str
    total_bytes: int
    free_bytes: int


class OutputFolder(Record):
    """A folder that the launch will write to, as this machine sees it."""

    path: str
    what: str
    """What is written there, in words."""
    nearest: str = ""
    """The folder itself, or the nearest one above it that exists here."""
    obstacle: str = ""
    """Why nothing can be written there, in words; empty when something can."""
    on_this_machine: bool = True
    """False when so little of the path exists that another machine's disk is meant."""
    free_bytes: int | None = None
    """Left on the file system for this user."""
    free_files: int | None = None
    """Inodes left; None where the file system does not count them."""
    quota_bytes: int | None = None
    """Left of the project's quota; None where none is known."""


class EnvironmentEvidence(Evidence):
    """The machine that the checks ran on, recorded whole."""

    kind: ClassVar[str] = "environment"
    builds_on: ClassVar[tuple[str, ...]] = ("checkpoint",)
    host: str
    python: str
    torch: str
    torch_build: str
    """What torch was compiled for: `CUDA 12.4`, `ROCm 6.2` or `CPU`."""
    driver: str = ""
    """Version of the GPU driver in the kernel; empty when there is none."""
    gpus: tuple[Gpu, ...] = ()
    gpu_error: str = ""
    """What torch raised when it was asked for the GPUs."""
    open_files: int
    """Soft limit on open files of one process."""
    commit: str = ""
    """Git commit of the target's code; empty outside git."""
    uncommitted: bool = False
    packages: dict[str, str] = Field(default_factory=dict)
    outputs: tuple[OutputFolder, ...] = ()
    checkpoint_bytes: int
    """What one checkpoint of the training takes: weights and Adam's two moments of each; 0 where it is not known."""
