"""What the plan says of the code, the checkpoint, the scan and the data, and what is expected of them."""

from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, StringConstraints, model_validator

from aqboard.domain.model import Record

ScanRule = Literal["none", "global-sector", "strip-sector", "strip-angle", "block-sector", "block-angle"]
"""How the wind picks the order of the tokens; `none` is row-major, `*-sector` reads a cache, `*-angle` does not."""

ScanLayout = Literal["compat", "corrected"]
"""`compat`: elevation stays and output tokens are not put back (upstream); `corrected`: both follow the tokens."""

SCAN_RULES: tuple[ScanRule, ...] = get_args(ScanRule)

Builder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
OWN_BUILDER = "aqboard_reference.target:build"
"""The reference model; the only builder that is aqboard's own code, and so needs nobody's trust."""


class TargetPlan(Record):
    """The code under check: a callable that builds the target as the training does. It runs in the probe process only.

    `builder` is called with the plan; it finds `config` (the training's own) and `options` (whatever it needs) there.
    """

    builder: Builder = OWN_BUILDER
    config: Path | None = None
    workdir: Path | None = None
    """The folder the training starts in; relative paths in the team's code begin there."""
    python_path: tuple[Path, ...] = ()
    """Folders that Python searches first for the builder and what it imports, as `PYTHONPATH` does."""
    options: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether this is the reference model that comes with aqboard."""
        return self.builder == OWN_BUILDER

    @model_validator(mode="after")
    def _reference_is_configured_by_its_config_alone(self) -> Self:
        if self.own and self.config is None:
            raise ValueError("have `config`: the reference model is built from its training's configuration")
        if self.own and (self.workdir or self.python_path):
            raise ValueError("name a `builder` of your own, or neither `workdir` nor `python_path`")
        return self


class CheckpointPlan(Record):
    """The checkpoint to start from, and how the training loads it."""

    path: Path
    load_into: Literal["lightning_module", "inner_model"] = "lightning_module"
    strip_prefix: str = ""
    strict: bool = True
    expected_missing: tuple[str, ...] = ()
    """Glob patterns of model tensors that the checkpoint may lack, e.g. `*.elevation_alpha`."""
    resume_optimizer: bool = False
    """Whether the training resumes the optimizer and scheduler in the file; a fine-tuning begins with new ones."""
    must_agree: tuple[str, ...] = ()
    """Glob patterns of saved settings, by dotted path, that must be the launch's too; added to the target's own."""
    may_differ: tuple[str, ...] = ()
    """Those that may differ all the same, because this launch means to change them."""


class ScanPlan(Record):
    """The wind scan of the launch: rule, layout, the cache it reads, and other caches that might be the right one."""

    rule: ScanRule
    layout: ScanLayout
    cache: Path
    candidates: tuple[Path, ...] = ()


class DataPlan(Record):
    """Where the validation data lies, and how much of it the checks use."""

    directory: Path
    batch_size: int = Field(default=2, ge=1, le=256)
    validation_batches: int = Field(default=8, ge=1, le=1000)


class BaselinePlan(Record):
    """The recorded run to start from.

    `val_loss` is the masked MSE in normalised units. `tolerance` is the share by which the first validation loss
    may lie above it. `log` is the CSV log of that run. `measurements` are the baseline's validation loss measured again
    and again (other seeds, batch sizes, precisions); where there are some, their spread replaces the tolerance.
    """

    val_loss: float = Field(gt=0, allow_inf_nan=False)
    tolerance: float = Field(default=0.05, gt=0, le=1)
    log: Path | None = None
    measurements: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] = ()


class ForwardPlan(Record):
    """How the training (or the team's test) hands lead times to the model; `[B]` is what the model wants."""

    lead_times_shape: Literal["[B]", "[B, 1]"] = "[B]"


def _as_answer(value: object) -> object:
    """YAML reads a bare `yes` or `no` as a truth value."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


Answer = Annotated[Literal["yes", "no", "unknown"], BeforeValidator(_as_answer)]


class ExpectationsPlan(Record):
    """Whether the forecast should change with each thing that the model is given; `unknown` asks for no verdict."""

    variables: dict[str, Answer] = Field(default_factory=dict)
    """By name; a variable that is not listed should change the forecast."""
    wind: Answer = "yes"
    """All components of the wind turned round at once; with the scan rule `none` it still acts as variables."""
    lead_time: Answer = "yes"
    scan_order: Answer = "yes"
    """The order of the tokens alone, held against row-major order."""
    new_parameters: Answer = "no"
    """Parameters that the checkpoint lacks, as configured instead of neutral; at first they should do nothing."""


def _below(pattern: str) -> str:
    """A pattern that stays in its folder, and is not searched for in folders of any depth."""
    if any(part in ("", ".", "..") or "**" in part for part in pattern.split("/")):
        raise ValueError("must be a path below the working directory; `*` stands for a part of one name")
    return pattern


LogPattern = Annotated[
    str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$"), AfterValidator(_below)
]


class TrainingPlan(Record):
    """What the training's first step should do, and what is known of its pace."""

    frozen: tuple[str, ...] = ()
    """Glob patterns of parameters that are not to be trained."""
    seconds_per_step: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Measured in an earlier run with this model and batch on these GPUs; counts before any measurement here."""
    log: LogPattern | None = None
    """The log that the training will write, under the job's working directory: a CSV of Lightning's or a TensorBoard
    event file. `*` stands for what is not known beforehand: `logs/version_*/metrics.csv`."""
