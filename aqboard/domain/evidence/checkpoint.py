"""Evidence on the checkpoint: the file, its contents and values, its settings and optimizer, and how it loads."""

from typing import ClassVar

from pydantic import Field, JsonValue

from aqboard.domain.alignment import KeyAlignment
from aqboard.domain.checkpoint import CheckpointSummary, HealthReport, IntegrityReport, OptimizerFacts
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.model import Record


class FileEvidence(Evidence):
    """Whether the checkpoint can be read at all, and whether its records match their checksums."""

    kind: ClassVar[str] = "file"
    size: int
    """Bytes."""
    refused: str = ""
    """The reader's code for why it was refused (`aqboard.readers.errors`); empty for a file that was read."""
    message: str = ""
    """The reader's sentence, for a file that was refused."""
    tensors: int = 0
    parameters: int = 0
    integrity: IntegrityReport | None = None
    """None for a file that was refused."""


class CheckpointEvidence(Evidence):
    """What the checkpoint file says about itself."""

    kind: ClassVar[str] = "checkpoint"
    builds_on: ClassVar[tuple[str, ...]] = ("file",)
    summary: CheckpointSummary
    integrity: IntegrityReport
    provenance: dict[str, JsonValue] | None = None
    """The `Provenance` stamp, or None when the checkpoint carries none."""
    launch: dict[str, JsonValue] | None = None
    """The launch guard's stamp, or None when the checkpoint was not made under it."""


class HealthEvidence(Evidence):
    """Figures of every tensor's values, read from the file."""

    kind: ClassVar[str] = "health"
    report: HealthReport


class ConfigurationEvidence(Evidence):
    """The settings saved in the checkpoint, and those that this launch's training would save."""

    kind: ClassVar[str] = "configuration"
    saved: dict[str, JsonValue] = Field(default_factory=dict)
    """By dotted path; empty when the checkpoint holds none."""
    launch: dict[str, JsonValue] = Field(default_factory=dict)
    """By dotted path; empty when neither the target nor the module it builds says."""
    must_agree: tuple[str, ...] = ()
    """Glob patterns of the paths that change what the weights mean, as the target names them."""


class BuiltGroup(Record):
    """One parameter group of an optimizer that the training would build."""

    shapes: tuple[tuple[int, ...], ...]
    """Of its parameters, in their order."""
    lr: float | None = None


class OptimizerEvidence(Evidence):
    """The optimizer and scheduler states in the checkpoint, and what the training would build."""

    kind: ClassVar[str] = "optimizer"
    builds_on: ClassVar[tuple[str, ...]] = ("checkpoint",)
    saved: tuple[OptimizerFacts, ...] = ()
    saved_shapes: tuple[tuple[tuple[int, ...] | None, ...], ...] = ()
    """Per saved optimizer, the shape of each parameter's state in the order of its groups; None where it has none."""
    schedulers: int = 0
    """Scheduler states in the file."""
    built: tuple[tuple[BuiltGroup, ...], ...] | None = None
    """Per optimizer of the training; None when the plan does not resume it, so that none was built."""


class LoadEvidence(Evidence):
    """What happened when the checkpoint was loaded into the module that the training builds."""

    kind: ClassVar[str] = "load"
    module: str
    """Class of the module that received the state dict."""
    strict: bool
    checkpoint_tensors: int
    model_tensors: int
    model_parameters: int
    """Scalars in all tensors of the model."""
    loaded: tuple[str, ...]
    """Model tensors that took their values from the file."""
    loaded_parameters: int
    """Scalars in those."""
    missing: tuple[str, ...]
    """Model tensors that the file did not fill."""
    unexpected: tuple[str, ...]
    """Checkpoint tensors that no model tensor took."""
    mismatched: tuple[str, ...] = ()
    """Tensors of another shape, as `key: file shape, model shape`."""
    error: str = ""
    """What the loader raised, if it raised."""
    bit_equal: tuple[str, ...] = ()
    """Loaded tensors whose bytes in the model equal the bytes in the file."""
    bit_different: tuple[str, ...] = ()
    alignment: KeyAlignment
    """How the keys of the file could be mapped onto the keys of the module."""
    facts: dict[str, str] = Field(default_factory=dict)
    """What the module says of itself through `launch_facts()`; a launch is signed for it, and the guard compares it."""
