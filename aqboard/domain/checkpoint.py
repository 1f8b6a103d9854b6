"""Facts about checkpoints: keys and metadata, health and integrity of tensors, differences between two files."""

import math
from typing import Literal

from pydantic import Field, JsonValue

from aqboard.domain.cache import FileDigest
from aqboard.domain.model import Record
from aqboard.domain.words import PathText


class TensorSpec(Record):
    """Shape and dtype of one tensor, with torch's dtype names (`float32`)."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class ParamGroup(Record):
    """One optimizer group: how many parameters, and its settings (`lr`, `weight_decay`, ...)."""

    params: int
    settings: dict[str, JsonValue]


class OptimizerFacts(Record):
    """Saved state of one optimizer. `step` is its own step count, None where it has none."""

    groups: tuple[ParamGroup, ...]
    state_tensors: int
    state_bytes: int
    step: float | None = None


class BestScore(Record):
    """What ModelCheckpoint recorded, beside what the file's name says.

    `best` belongs to the best file of the run, `of_this_file` to this one. `agrees` compares `of_this_file` with
    the value in the name, to the digits printed there; None where one of the two is missing.
    """

    monitor: str
    best: float | None = None
    best_path: str | None = None
    of_this_file: float | None = None
    in_file_name: float | None = None
    agrees: bool | None = None


class CheckpointSummary(Record):
    """All that is known of a checkpoint without reading tensor data."""

    path: PathText
    size: int
    mtime: float
    container: str
    digest: FileDigest | None = None
    tensors: dict[str, TensorSpec]
    parameters: int
    tensor_bytes: int
    epoch: int | None = None
    global_step: int | None = None
    lightning_version: str | None = None
    hyper_parameters: dict[str, JsonValue] = Field(default_factory=dict)
    best: BestScore | None = None
    callbacks: dict[str, JsonValue] = Field(default_factory=dict)
    optimizers: tuple[OptimizerFacts, ...] = ()
    schedulers: tuple[JsonValue, ...] = ()
    loops: dict[str, JsonValue] = Field(default_factory=dict)
    extra: dict[str, JsonValue] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class IntegrityReport(Record):
    """Checksums of the records of a torch zip.

    `no-checksums` means that the file was saved with them switched off (every one is wrong), which is not damage;
    `not-applicable` that the format has none.
    """

    verdict: Literal["ok", "damaged", "no-checksums", "not-applicable"]
    records: int
    checked_bytes: int
    damaged: tuple[str, ...] = ()


class TensorHealth(Record):
    """Figures of one tensor's values; `minimum` and `maximum` leave NaN out, None where nothing is left."""

    key: str
    numel: int
    nan: int
    inf: int
    zero_share: float
    minimum: float | None
    maximum: float | None
    constant: bool
    never_trained: str | None = None


class HealthReport(Record):
    """Health of all tensors; `unread` names those whose type has no numbers to look at."""

    tensors: tuple[TensorHealth, ...]
    unread: tuple[str, ...] = ()

    @property
    def faulty(self) -> tuple[TensorHealth, ...]:
        """Tensors with NaN or infinite values."""
        return tuple(tensor for tensor in self.tensors if tensor.nan or tensor.inf)


class TensorChange(Record):
    """One tensor that differs between two checkpoints: in shape or dtype, or in how many values and how much."""

    key: str
    a: TensorSpec
    b: TensorSpec
    changed_share: float | None = None
    max_abs_difference: float | None = None


class ValueChange(Record):
    """One setting that differs; `path` is dotted, None stands for absent when `side` says so."""

    path: str
    side: Literal["changed", "only-a", "only-b"]
    a: JsonValue = None
    b: JsonValue = None


class CheckpointDiff(Record):
    """Two checkpoints held against each other, tensors bit by bit and saved settings value by value."""

    a: PathText
    b: PathText
    equal: int
    changed: tuple[TensorChange, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    settings: tuple[ValueChange, ...]

    @property
    def same_tensors(self) -> bool:
        """True when both hold the same keys with the same bits, and at least one."""
        return self.equal > 0 and not (self.changed or self.only_a or self.only_b)
