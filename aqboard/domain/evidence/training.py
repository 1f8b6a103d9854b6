"""Evidence on the training: the job as it is configured, one step, the ranks side by side, what a step costs."""

from typing import ClassVar, Literal

from pydantic import Field

from aqboard.domain.attempt import NodeBilling
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.model import Record


class TrainingFacts(Record):
    """The job as the training's configuration has it; None for what it does not say."""

    nodes: int | None = Field(default=None, ge=1)
    devices: int | None = Field(default=None, ge=1)
    """Processes per node, one per GPU."""
    batch_size: int | None = Field(default=None, ge=1)
    """Samples per process and step."""
    accumulate: int = Field(default=1, ge=1)
    """Batches per optimizer step."""
    max_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps of the whole run."""
    train_samples: int | None = Field(default=None, ge=0)
    """Samples of one epoch; None where the training data is not available."""
    configuration: str = ""
    """File name of the configuration that says all this."""


class TrainingEvidence(Evidence):
    """The training's own idea of the job."""

    kind: ClassVar[str] = "training"
    facts: TrainingFacts | None = None
    """None when the target does not say."""


class StepEvidence(Evidence):
    """One training step: loss, gradients, and what the optimizer moved. Losses are masked MSE, normalised units."""

    kind: ClassVar[str] = "step"
    builds_on: ClassVar[tuple[str, ...]] = ("curve",)
    source: str
    """Where the batch comes from, in words."""
    samples: int
    own_step: bool
    """The target says how it trains; otherwise the validation loss is used instead, and no parameter is changed."""
    failed_at: Literal["", "forward", "backward", "optimizer"] = ""
    error: str = ""
    loss: float | None = None
    """In training mode, before the step."""
    loss_after: float | None = None
    """The same batch after the step."""
    baseline_train_loss: float | None = None
    """Median of the last training losses in the baseline's log."""
    parameters: int = 0
    """Parameter tensors of the module."""
    frozen: tuple[str, ...] = ()
    """Parameters that do not ask for a gradient."""
    without_gradient: tuple[str, ...] = ()
    """Parameters that ask for one and get none: the loss does not depend on them."""
    zero_gradient: tuple[str, ...] = ()
    """Parameters whose gradient is zero throughout."""
    not_finite: tuple[str, ...] = ()
    """Parameters whose gradient holds NaN or infinite values."""
    not_optimised: tuple[str, ...] = ()
    """Parameters with a gradient that no optimizer holds."""
    unmoved: tuple[str, ...] = ()
    """Parameters with a gradient and an optimizer that the step left as they were, bit by bit."""
    frozen_moved: tuple[str, ...] = ()
    """Frozen parameters that the step changed."""
    gradient_norm: float | None = None
    """Euclidean norm over all gradients, before any clipping."""
    learning_rates: tuple[float, ...] = ()
    """One per parameter group, in order."""


class RankReport(Record):
    """What one rank holds when the first step begins."""

    rank: int
    digest: str = ""
    """SHA-256 over names and bytes of all tensors; empty when the rank did not get there."""
    tensors: int = 0
    from_file: int = 0
    """Tensors of the checkpoint file that this rank holds, bit by bit, under whatever name."""
    differing: tuple[str, ...] = ()
    """Tensors that differ from rank 0's, or that only one of the two has."""
    error: str = ""


class RanksEvidence(Evidence):
    """Several processes started as the training starts them, and compared before the first step."""

    kind: ClassVar[str] = "ranks"
    backend: Literal["gloo", "nccl"]
    own_start: bool
    """The target says how a rank starts; without that, each rank builds the module and loads the checkpoint."""
    ranks: tuple[RankReport, ...] = Field(min_length=2)
    file_tensors: int
    """Tensors of the checkpoint file."""
    hung_after_s: float | None = None
    """The time limit, when the ranks were stopped because of it."""


class CostEvidence(Evidence):
    """Time and memory of training steps at the batch size that one rank trains with, on the device named."""

    kind: ClassVar[str] = "cost"
    builds_on: ClassVar[tuple[str, ...]] = ("training",)
    device: str
    """Name of the processor or GPU that the steps ran on."""
    device_kind: Literal["cpu", "cuda"]
    batch_size: int
    source: str
    step_s: tuple[float, ...] = ()
    """Seconds of each timed step, after one to warm up."""
    peak_bytes: int | None = None
    """Largest amount of memory taken at once: on a GPU all of it, on a CPU what the steps added; None if unknown."""
    capacity_bytes: int | None = None
    """Memory of the device."""
    state_bytes: int = 0
    """Parameters, gradients and optimizer state, exactly."""
    billing: NodeBilling | None = None
    """From the cluster's profile, where it knows."""
    error: str = ""
