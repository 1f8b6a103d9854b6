"""Evidence from forward passes: one traced, one thing changed at a time, the same one again."""

from typing import ClassVar

from pydantic import Field

from aqboard.domain.evidence.base import Evidence
from aqboard.domain.model import Record


class ModuleCall(Record):
    """One module's part in a forward pass, in order of completion."""

    name: str
    module: str
    output: tuple[int, ...]
    """Shape of the (first) output tensor."""


class InputFault(Record):
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
    fault: InputFault | None = None
    seconds: float = Field(ge=0)


class ForwardChange(Record):
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
    changes: tuple[ForwardChange, ...]


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
