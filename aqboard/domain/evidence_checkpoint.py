"""Evidence on the checkpoint as the result of a training: the file, its values, its settings, its optimizer."""

from typing import ClassVar

from pydantic import Field, JsonValue

from aqboard.domain.checkpoint import HealthReport, IntegrityReport, OptimizerFacts
from aqboard.domain.evidence_base import Evidence
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


class HealthEvidence(Evidence):
    """Figures of every tensor's values, read from the file."""

    kind: ClassVar[str] = "health"
    report: HealthReport


class ConfigurationEvidence(Evidence):
    """The settings saved in the checkpoint, beside those that this launch's training would save."""

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
    """The optimizer and scheduler states in the checkpoint, beside what the training would build."""

    kind: ClassVar[str] = "optimizer"
    builds_on: ClassVar[tuple[str, ...]] = ("checkpoint",)
    saved: tuple[OptimizerFacts, ...] = ()
    saved_shapes: tuple[tuple[tuple[int, ...] | None, ...], ...] = ()
    """Per saved optimizer, the shape of each parameter's state in the order of its groups; None where it has none."""
    schedulers: int = 0
    """Scheduler states in the file."""
    built: tuple[tuple[BuiltGroup, ...], ...] | None = None
    """Per optimizer of the training; None when the plan does not resume it, so that none was built."""
