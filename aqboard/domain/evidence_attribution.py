"""Evidence for loss attribution: losses of settings that differ in one thing from the plan or from the training."""

from typing import ClassVar

from aqboard.domain.attribution import Setting, Tried
from aqboard.domain.evidence_base import Evidence
from aqboard.domain.model import Record


class Refused(Record):
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
    refused: tuple[Refused, ...] = ()
