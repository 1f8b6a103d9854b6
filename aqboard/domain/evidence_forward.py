"""Evidence from forward passes that differ in one thing: what the forecast depends on, and what it should not."""

from typing import ClassVar

from pydantic import Field

from aqboard.domain.evidence_base import Evidence
from aqboard.domain.model import Record


class Change(Record):
    """One thing that was changed, and what became of the forecast."""

    name: str
    """A variable of the model, `wind`, `lead_time`, `scan_order` or `new_parameters`."""
    effect: float | None = None
    """RMS of the forecast's change as a share of the forecast's standard deviation; None when the pass failed."""
    error: str = ""
    """What the model raised, if it raised."""


class CounterfactualEvidence(Evidence):
    """The forecast of one real sample, with one thing changed at a time and the weights as the training loads them."""

    kind: ClassVar[str] = "counterfactuals"
    variables: tuple[str, ...] = ()
    """Those of `changes` that are single input variables."""
    changes: tuple[Change, ...]


class RepeatEvidence(Evidence):
    """The same forecast made again, and made in other company."""

    kind: ClassVar[str] = "repeat"
    values: int = Field(ge=0)
    """Values in the forecast of the whole batch."""
    not_finite: int
    """Those that are NaN or infinite."""
    repeat_differs: int
    """Values whose bits differ between two passes on the same batch in evaluation mode."""
    repeat_largest: float
    """Largest such difference, as a share of the forecast's standard deviation."""
    batch_size: int
    alone_largest: float | None = None
    """Largest difference between a sample alone and in its batch, on the same scale; None with one sample only."""
    training_mode: tuple[str, ...] = ()
    """Modules that `build` left in training mode."""
