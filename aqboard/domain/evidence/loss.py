"""Evidence on losses: the baseline's curves, the first validation loss, and the losses of settings around it."""

from typing import ClassVar

from pydantic import Field

from aqboard.domain.attribution import Setting, Tried
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.model import Record


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


class LossMeasurement(Record):
    """The validation loss of one setting, batch by batch; masked MSE in normalised units."""

    setting: str
    per_batch: tuple[float, ...] = Field(min_length=1)
    samples: tuple[int, ...]
    """Samples in each batch."""
    scale_only: bool = False
    """Measured as a scale for the others; not a setting to launch."""

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
    """With the key mapping that the alignment proposes; None when every key matched already."""
    as_trained: LossMeasurement | None = None
    """Keys mapped, and with the scan settings of the checkpoint's provenance; None when they are those of the plan."""
    candidates: tuple[LossMeasurement, ...] = ()
    """One per cache, the plan's first, keys mapped where needed; row-major order is included as a scale."""


class RefusedSetting(Record):
    """A setting that could not be measured."""

    setting: Setting
    error: str


class AttributionEvidence(Evidence):
    """Losses around the plan and around the training's own setting, on the same batches."""

    kind: ClassVar[str] = "attribution"
    builds_on: ClassVar[tuple[str, ...]] = ("checkpoint", "cache", "load", "loss")
    limit_s: ClassVar[float] = 3600.0
    planned: Setting
    reference: Setting
    """What is known of the training: every tensor in its place, its scan, new parameters neutral, evaluation mode."""
    tried: tuple[Tried, ...]
    """The planned setting first."""
    refused: tuple[RefusedSetting, ...] = ()
