"""Evidence: typed facts that probes measured, stored whole, so that a verdict can be judged again later.

One class per kind. Evidence holds what was seen, never what it means: no verdicts, no advice.
"""

from typing import ClassVar

from pydantic import Field, JsonValue

from aqboard.domain.alignment import KeyAlignment
from aqboard.domain.cache import CacheFacts, CacheGroups
from aqboard.domain.checkpoint import CheckpointSummary, IntegrityReport
from aqboard.domain.evidence_attribution import AttributionEvidence
from aqboard.domain.evidence_base import Evidence as Evidence
from aqboard.domain.evidence_checkpoint import ConfigurationEvidence, FileEvidence, HealthEvidence, OptimizerEvidence
from aqboard.domain.evidence_data import DataEvidence
from aqboard.domain.evidence_forward import CounterfactualEvidence, RepeatEvidence
from aqboard.domain.evidence_launch import EnvironmentEvidence, TrainingEvidence
from aqboard.domain.evidence_train import CostEvidence, RanksEvidence, StepEvidence
from aqboard.domain.model import Record
from aqboard.domain.plan import ScanRule


class CheckpointEvidence(Evidence):
    """What the checkpoint file says of itself."""

    kind: ClassVar[str] = "checkpoint"
    builds_on: ClassVar[tuple[str, ...]] = ("file",)
    summary: CheckpointSummary
    integrity: IntegrityReport
    provenance: dict[str, JsonValue] | None = None
    """The `Provenance` stamp, or None when the checkpoint carries none."""
    launch: dict[str, JsonValue] | None = None
    """The launch guard's stamp, or None when the checkpoint was not made under it."""


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
    """Checkpoint tensors that found no place."""
    mismatched: tuple[str, ...] = ()
    """Tensors of another shape, as `key: file shape, model shape`."""
    error: str = ""
    """What the loader raised, if it raised."""
    bit_equal: tuple[str, ...] = ()
    """Loaded tensors whose bytes in the model equal the bytes in the file."""
    bit_different: tuple[str, ...] = ()
    alignment: KeyAlignment
    """How the keys of the file could be mapped onto the keys of the module."""


class DirectionResult(Record):
    """One wind direction, blown uniformly over the whole grid."""

    label: str
    angle_deg: float
    """Direction the wind blows towards, counter-clockwise from east."""
    permutation: bool
    """Each patch appears exactly once."""
    as_asked: bool
    """The order applied equals, patch by patch, the order the plan's rule and cache ask for."""
    moved: float
    """Share of tokens that are not in row-major place."""


class ScanEvidence(Evidence):
    """The order that the model really applies to its tokens, held against an independent calculation."""

    kind: ClassVar[str] = "scan"
    tokens: int
    directions: tuple[DirectionResult, ...]
    rules_in_force: tuple[ScanRule, ...]
    """Every rule that explains the orders seen under real wind; one when the winds tell the rules apart."""
    samples: int
    """Real wind fields the rules were told apart with."""
    cache_is_used: bool
    """Putting another cache into memory changes the order applied."""
    calm: str
    """What the model does with no wind at all: `order`, or the error it raises."""
    not_finite: str
    """What the model does when one wind pixel is NaN: the error it raises, or `accepted`."""


class CacheEvidence(Evidence):
    """The plan's cache and the other candidates, grouped by content."""

    kind: ClassVar[str] = "cache"
    builds_on: ClassVar[tuple[str, ...]] = ("checkpoint",)
    groups: CacheGroups
    planned: CacheFacts
    """The plan's own cache; also the first of the groups' facts."""
    trained_with: str = ""
    """Content digest of the cache the checkpoint was trained with, from its provenance; empty when unknown."""
    grid: tuple[int, int]
    """Patch rows and columns that the model has."""


class ModuleCall(Record):
    """One module's part in a forward pass, in order of completion."""

    name: str
    module: str
    output: tuple[int, ...]
    """Shape of the (first) output tensor."""


class Fault(Record):
    """Where a failing forward pass first leaves the passing one."""

    module: str
    """First module whose output has another rank than in the passing run; empty when none had completed."""
    expected: tuple[int, ...] = ()
    got: tuple[int, ...] = ()
    input: str = ""
    """The input at fault: giving it in the expected shape makes the pass succeed."""
    input_expected: tuple[int, ...] = ()
    input_got: tuple[int, ...] = ()


class ForwardEvidence(Evidence):
    """One full forward pass on a real validation batch, as the plan hands its inputs over."""

    kind: ClassVar[str] = "forward"
    inputs: dict[str, tuple[int, ...]]
    trace: tuple[ModuleCall, ...]
    output: tuple[int, ...] = ()
    output_finite: bool = False
    error: str = ""
    fault: Fault | None = None
    seconds: float = Field(ge=0)


class LossMeasurement(Record):
    """The validation loss of one setting, batch by batch; masked MSE in normalised units."""

    setting: str
    per_batch: tuple[float, ...] = Field(min_length=1)
    samples: tuple[int, ...]
    """Samples in each batch."""
    scale_only: bool = False
    """Measured to give the others a scale, not because anybody would launch it."""

    @property
    def mean(self) -> float:
        """Mean over samples, as the training's validation computes it."""
        return sum(loss * n for loss, n in zip(self.per_batch, self.samples, strict=True)) / sum(self.samples)


class LossEvidence(Evidence):
    """First validation loss: as planned, and the settings it should be compared with, on the same batches."""

    kind: ClassVar[str] = "loss"
    builds_on: ClassVar[tuple[str, ...]] = ("checkpoint", "cache", "load")
    limit_s: ClassVar[float] = 3600.0
    planned: LossMeasurement
    random_init: LossMeasurement
    persistence: LossMeasurement | None = None
    mended: LossMeasurement | None = None
    """With the key mapping that the alignment proposes; None when nothing had to be mended."""
    as_trained: LossMeasurement | None = None
    """Mended, and with the scan settings of the checkpoint's provenance; None when they are those of the plan."""
    candidates: tuple[LossMeasurement, ...] = ()
    """One per cache, the plan's first, weights mended if need be; row-major order is among them for scale."""


class CurvePoint(Record):
    """One row of the training log."""

    step: int
    epoch: int | None = None
    train_loss: float | None = None
    val_loss: float | None = None


class CurveEvidence(Evidence):
    """The baseline's loss curves, as its training logged them."""

    kind: ClassVar[str] = "curve"
    points: tuple[CurvePoint, ...]


EVIDENCE: tuple[type[Evidence], ...] = (
    FileEvidence,
    CheckpointEvidence,
    HealthEvidence,
    CurveEvidence,
    ConfigurationEvidence,
    OptimizerEvidence,
    CacheEvidence,
    DataEvidence,
    TrainingEvidence,
    EnvironmentEvidence,
    LoadEvidence,
    ScanEvidence,
    ForwardEvidence,
    CounterfactualEvidence,
    RepeatEvidence,
    LossEvidence,
    AttributionEvidence,
    StepEvidence,
    RanksEvidence,
    CostEvidence,
)
"""Every kind, in the order in which the probes bring them."""
