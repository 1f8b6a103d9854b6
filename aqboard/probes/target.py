"""The code under check, reached through small Protocols; everything a probe knows of a model goes through them.

A target must offer `Target`. The other Protocols are abilities: a probe that needs one asks for it with `able`, and
when the target lacks it the probe's checks are skipped and say what to add.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import JsonValue
from torch import Tensor, nn
from torch.optim import Optimizer

from aqboard.domain.evidence_data import DataFacts
from aqboard.domain.evidence_launch import TrainingFacts
from aqboard.domain.plan import ScanLayout, ScanRule
from aqboard.readers.caches.scan_cache import ScanCache

Batch = Any
"""Whatever the target's own loader gives; probes only hand it back."""


class Unavailable(Exception):
    """A probe cannot measure because something it builds on is not there; the message says what."""


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


@runtime_checkable
class Target(Protocol):
    """A model that can be built and asked for its loss, exactly as its training does it."""

    def build(self, scan: Scan | None = None) -> nn.Module:
        """A fresh module in eval mode with the same random weights at every call; with `scan`, scanning so."""
        ...

    def validation_batches(self) -> Sequence[Batch]:
        """The validation batches of the plan, always the same ones in the same order."""
        ...

    def size(self, batch: Batch) -> int:
        """Samples in a batch."""
        ...

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch, as the validation computes it."""
        ...


@runtime_checkable
class Loads(Protocol):
    """Loads a checkpoint the way the training does. Without it, `load_state_dict` with the plan's settings is used."""

    def receiver(self, module: nn.Module) -> nn.Module:
        """The part of `module` that the training hands the checkpoint to."""
        ...

    def load(self, module: nn.Module, state: Mapping[str, Tensor]) -> Loaded:
        """Load the checkpoint's tensors the way the training does. A loader that raises is reported, not raised."""
        ...


@runtime_checkable
class Forwards(Target, Protocol):
    """Names the inputs of a forward pass."""

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """The named inputs of a forward pass, in the shapes that the model wants."""
        ...

    def planned_inputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The same inputs in the shapes that the plan says they are passed in."""
        ...

    def forward(self, module: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """One forward pass."""
        ...


@runtime_checkable
class ScansWind(Forwards, Protocol):
    """Orders its tokens by the wind."""

    grid: tuple[int, int]
    """Patch rows and columns."""

    def scan(self) -> Scan:
        """The scan as the plan sets it. Raises ReadError when the plan's cache cannot be read."""
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


@runtime_checkable
class ComparesCaches(Protocol):
    """Measures several scan caches at once, computing once what they share. Without it each is measured by itself."""

    def losses_per_cache(
        self, module: nn.Module, batches: Iterable[Batch], caches: Sequence[ScanCache], own: Sequence[float]
    ) -> Sequence[Sequence[float]]:
        """What `loss` gives for each batch under each cache, `[caches][batches]`; the module's own cache stays.

        `own`: the batches' losses under the module's own cache, which hold for a cache that orders a batch like it.
        """
        ...


@runtime_checkable
class Persists(Protocol):
    """Knows what "nothing changes" would forecast."""

    def persistence(self, batch: Batch) -> Tensor:
        """Scalar loss of taking the present for the forecast."""
        ...


@runtime_checkable
class Varies(Forwards, Protocol):
    """Can change one thing that the model is given, and leave the rest."""

    def variations(self, inputs: Mapping[str, Tensor]) -> Iterable[tuple[str, dict[str, Tensor]]]:
        """Name, and the same inputs with that one thing changed clearly, by about a standard deviation.

        Names are the model's variables, `wind` (all its components at once) and `lead_time`, those that it has.
        """
        ...


@runtime_checkable
class Neutral(Protocol):
    """Has parameters that the checkpoint's model had not, and knows the values at which they do nothing."""

    def neutralise(self, module: nn.Module) -> None:
        """Set the new parameters of `module` so that it computes what the checkpoint's model computed."""
        ...


@dataclass(frozen=True)
class TrainData:
    """A few batches of the size that one rank trains on, and in words where they come from."""

    batches: Sequence[Batch]
    source: str


@runtime_checkable
class Trains(Protocol):
    """Knows how its training steps. Without it one step is tried with validation batches and their loss."""

    def train_data(self) -> TrainData:
        """Batches of the training data; of the validation data where that is not at hand, and `source` says so."""
        ...

    def optimizers(self, module: nn.Module) -> Sequence[Optimizer]:
        """The optimizers that the training would build for this module, at the learning rates of the first step."""
        ...

    def training_loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Scalar loss of a batch, as the training step computes it."""
        ...


@runtime_checkable
class Configures(Protocol):
    """Knows the settings that its training would save in a checkpoint. Without it, the module's `hparams` are used."""

    must_agree: Sequence[str]
    """Glob patterns of the settings, by dotted path, that change what the weights mean, e.g. `model.heads`."""

    def configuration(self) -> Mapping[str, JsonValue]:
        """The settings of this launch, nested as the checkpoint has them under `hyper_parameters`."""
        ...


@runtime_checkable
class KnowsData(Protocol):
    """Knows which data the model sees, in this launch and in the training that made the checkpoint."""

    def data_facts(self) -> DataFacts:
        """Variables, statistics and periods of this launch."""
        ...

    def trained_on(self, settings: Mapping[str, JsonValue], provenance: Mapping[str, JsonValue]) -> DataFacts | None:
        """The same as the checkpoint tells it, from its saved settings and its stamp; None when it tells nothing."""
        ...


@runtime_checkable
class DescribesTraining(Protocol):
    """Knows what its training's configuration says of the job."""

    def training_facts(self) -> TrainingFacts:
        """Nodes, devices, batch and steps, as configured for this launch."""
        ...


@runtime_checkable
class Writes(Protocol):
    """Knows where its training writes. Without it, the job's working directory is looked at."""

    def output_folders(self) -> Mapping[str, Path]:
        """Folder by what is written there, e.g. `{"checkpoints": Path("logs")}`; they need not exist yet."""
        ...


@runtime_checkable
class StartsRanks(Protocol):
    """Starts one rank as the training does. Without it each rank builds the module and loads the checkpoint."""

    def start_rank(self, rank: int, world_size: int) -> nn.Module:
        """The module of one rank as it stands when the first step begins; torch.distributed is initialised."""
        ...


A = TypeVar("A")


def able(target: object, ability: type[A]) -> A:
    """The target as one that has the ability; raises Unavailable naming what it lacks."""
    if isinstance(target, ability):
        return target
    lacking = [name for name in _members(ability) if not hasattr(target, name)]
    raise Unavailable(
        f"the target offers no {', '.join(f'`{name}`' for name in lacking)} ({ability.__name__}); "
        "docs/your_own_model.md says how to add it"
    )


def _members(ability: type) -> list[str]:
    """Names that a Protocol asks for, its bases' first."""
    classes = [kind for kind in reversed(ability.__mro__) if getattr(kind, "_is_protocol", False)]
    names = [name for kind in classes for name in (*vars(kind), *kind.__annotations__) if not name.startswith("_")]
    return list(dict.fromkeys(names))
