"""The code under check, reached through a small Protocol; everything a probe knows of a model goes through it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn

from aqboard.artefacts.scan_cache import ScanCache
from aqboard.domain.plan import ScanLayout, ScanRule

Batch = Any
"""Whatever the target's own loader gives; probes only hand it back."""


@dataclass(frozen=True)
class Scan:
    """The wind scan of one model: rule, layout, and the orders it reads."""

    rule: ScanRule
    layout: ScanLayout
    cache: ScanCache


@dataclass(frozen=True)
class Loaded:
    """What the training's own loader says it did."""

    missing: Sequence[str] = ()
    unexpected: Sequence[str] = ()
    error: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Key in the module that received the tensors -> key in the file, for every tensor that was handed over."""


class Target(Protocol):
    """A model that can be built, loaded and asked, exactly as its training does it."""

    grid: tuple[int, int]
    """Patch rows and columns."""

    def scan(self) -> Scan:
        """The scan as the plan sets it. Raises ReadError when the plan's cache cannot be read."""
        ...

    def build(self, scan: Scan) -> nn.Module:
        """A fresh module in eval mode with the same random weights at every call."""
        ...

    def receiver(self, module: nn.Module) -> nn.Module:
        """The part of `module` that the training hands the checkpoint to."""
        ...

    def load(self, module: nn.Module, state: Mapping[str, Tensor]) -> Loaded:
        """Load the checkpoint's tensors the way the training does. A loader that raises is reported, not raised."""
        ...

    def batches(self) -> Sequence[Batch]:
        """The validation batches of the plan, always the same ones in the same order."""
        ...

    def size(self, batch: Batch) -> int:
        """Samples in a batch."""
        ...

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch, as validation computes it: masked MSE in normalised units."""
        ...

    def persistence(self, batch: Batch) -> Tensor | None:
        """Loss of "nothing changes" on a batch, or None where that has no meaning."""
        ...

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """The named inputs of a forward pass, in the shapes that the model wants."""
        ...

    def planned_inputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The same inputs in the shapes that the plan says they are passed in."""
        ...

    def forward(self, module: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """One forward pass."""
        ...

    def wind(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """u and v [B, H, W] in m/s, exactly as the model sees them."""
        ...

    def with_wind(self, inputs: Mapping[str, Tensor], u: Tensor, v: Tensor) -> dict[str, Tensor]:
        """The same inputs with another wind, u and v [B, H, W] in m/s."""
        ...

    def observed_order(self, module: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """The order [B, N] in which the tokens of these inputs really pass through the model."""
        ...
