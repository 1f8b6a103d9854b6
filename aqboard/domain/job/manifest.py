"""The launch manifest: everything that was signed and that the job can verify by itself, in one file.

The script carries the SHA-256 of the manifest's bytes, so neither can be changed without the other; what that is worth
is said in docs/decisions/0100. Preflight verifies it on every node, the guard inside the training.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from aqboard.domain.model import Name, Record, canonical

SMALL_BYTES = 64 << 20
"""Files up to this size are hashed on every node: 64 MiB take a tenth of a second, a scan cache has seven."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Loss = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _whole(path: Path) -> Path:
    """An absolute path that JSON can hold and a person can read."""
    if not path.is_absolute():
        raise ValueError(f"{str(path)!r} is not an absolute path")
    if not str(path).isprintable():
        raise ValueError(f"{str(path)!r} holds control characters or is not UTF-8; rename it")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_whole)]


class Approver(Record):
    """One person's GO, and how the person was identified (`aqboard.domain.signing.signoff` lists the ways)."""

    person: Name
    identified_by: str = Field(min_length=1, max_length=40)
    role: str = Field(default="", max_length=120)
    created_at: AwareDatetime


class SignedFile(Record):
    """A file as it was when it was signed."""

    key: str = Field(min_length=1)
    """Where the plan names it, e.g. `checkpoint.path`; `container` for the image."""
    path: AbsolutePath
    sha256: Sha256
    size: int = Field(ge=0)
    """Bytes."""
    mtime: AwareDatetime

    @property
    def small(self) -> bool:
        """Hashed on every node. A larger one is hashed on one node, or where its time of change is another."""
        return self.size <= SMALL_BYTES


class CodeState(Record):
    """The git work tree that the training runs from."""

    folder: AbsolutePath
    commit: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
    changes_sha256: Sha256 | None = None
    """Digest of `git diff HEAD` when files under version control had changes; None for a clean tree."""

    @property
    def dirty(self) -> bool:
        """Whether the tree had changes that no commit holds."""
        return self.changes_sha256 is not None


class SignedJob(Record):
    """The size of the job: one task per GPU."""

    nodes: int = Field(ge=1)
    gpus_per_node: int = Field(ge=1)

    @property
    def tasks(self) -> int:
        """Tasks, which are GPUs, of the whole job."""
        return self.nodes * self.gpus_per_node


class Subset(Record):
    """The validation samples that the loss was measured on: the first ones of the validation data, in its own order."""

    batches: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    """Samples in each batch."""
    precision: str = "fp32"
    """In which it was measured; the job measures in the precision of the training."""

    @property
    def samples(self) -> int:
        """Samples in all."""
        return sum(self.batches)


class LossBand(Record):
    """Where the first validation loss of the job may lie; masked MSE in normalised units for the reference model."""

    metric: str = Field(default="val_loss", min_length=1)
    """The name under which the training's validation step logs it."""
    subset: Subset
    measured: Loss
    """Mean over the subset's samples, measured before the sign-off with the very weights and settings signed."""
    baseline: Loss
    limit: Loss
    """Losses up to here count as the baseline's: the limit of the check `loss.first`, and a little for rounding."""
    low: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """A new start below this is something else than was measured. A resumed training may lie below it."""
    how: str = ""
    """Where the limit comes from, in words."""

    @model_validator(mode="after")
    def _the_signed_start_lies_in_it(self) -> Self:
        if not self.low <= self.measured <= self.limit:
            raise ValueError(
                f"the loss measured before the sign-off ({self.measured:.6g}) does not lie between "
                f"{self.low:.6g} and {self.limit:.6g}: the job would stop itself"
            )
        return self


class Pace(Record):
    """What a training step on one batch should take on the cluster's GPUs."""

    seconds_per_batch: Seconds
    source: str
    """Where the figure comes from, in words."""


class GuardSettings(Record):
    """When the guard looks, and how far it lets things go. The defaults are argued for in docs/guard.md."""

    again_at_steps: tuple[Annotated[int, Field(ge=1)], ...] = (10, 50)
    """Optimizer steps after which everything is checked again."""
    growth: float = Field(default=1.5, ge=1, allow_inf_nan=False)
    """After the first step the validation loss may be up to this many times the band's limit."""
    slower: float = Field(default=3.0, ge=1, allow_inf_nan=False)
    """Steps may take up to this many times the expected seconds."""
    poll_s: Seconds = 2.0
    """How often rank 0 looks for the kill switch: one file-system operation each time."""
    tell_every_batches: int = Field(default=1, ge=1)
    """How often the ranks tell each other of a loss that is not finite, and rank 0 of the kill switch."""
    patience_s: Seconds = 600.0
    """How long one rank waits for the others, at a check or within a step; then it ends by itself."""


class LaunchManifest(Record):
    """What was signed. Written once beside the script, read by every node of the job, never edited."""

    format: Literal[1] = 1
    attempt: str = Field(min_length=1)
    """The attempt's uid."""
    number: int = Field(ge=1)
    seal: Sha256
    approvals: tuple[Approver, ...] = Field(min_length=1)
    created_at: AwareDatetime
    until: AwareDatetime | None = None
    """From then on the approvals do not suffice: no job may start. None in a manifest from before there was this."""
    aqboard_version: str
    plan_sha256: Sha256
    """Of the attempt's plan as canonical JSON."""
    inputs: tuple[SignedFile, ...]
    container: SignedFile | None = None
    code: CodeState | None = None
    """None when the training's folder is not under version control."""
    job: SignedJob
    band: LossBand | None = None
    """None where no loss was measured; then the losses of the job need only be finite."""
    pace: Pace | None = None
    facts: dict[str, str] = Field(default_factory=dict)
    """What the module must say of itself through `launch_facts()`, e.g. the content digest of its scan cache."""
    kill_file: AbsolutePath
    """When this file appears the training stops after the step at hand, on all ranks."""
    verdict_file: AbsolutePath
    """Where the guard writes what it saw."""
    guard: GuardSettings = GuardSettings()

    @property
    def files(self) -> tuple[SignedFile, ...]:
        """Inputs and container, each path once."""
        known = {file.path: file for file in (*self.inputs, *([self.container] if self.container else []))}
        return tuple(known.values())

    @property
    def text(self) -> str:
        """The one way to write it: canonical JSON and a line end."""
        left_out = {"until"} if self.until is None else None  # as the versions wrote it that did not know it
        return canonical(self.model_dump(mode="json", exclude=left_out)) + "\n"

    @property
    def sha256(self) -> str:
        """Of `text`; the script carries it. A manifest of an older version is known by its own bytes instead."""
        return hashlib.sha256(self.text.encode("ascii")).hexdigest()


def withdrawn_marker(manifest: Path) -> Path:
    """The file whose presence beside a manifest says that the sign-off was taken back."""
    return manifest.with_name(manifest.name + ".withdrawn")


def launch_facts(module: object) -> dict[str, str]:
    """What a module says of itself through `launch_facts()`; empty for one that says nothing.

    Asked when the launch is checked, and again on every rank of the running job.
    """
    says = getattr(module, "launch_facts", None)
    return {str(name): str(value) for name, value in says().items()} if callable(says) else {}
