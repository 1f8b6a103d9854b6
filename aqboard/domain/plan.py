"""The launch plan: what is to be launched, with which model, checkpoint, caches, data, baseline and cluster.

A plan is data, not code. It is written in YAML, validated here, frozen into an attempt, and never edited after.
Every relative path in it is relative to the plan's own folder.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import Field, StringConstraints

from aqboard.domain.model import Record

ScanRule = Literal["none", "global-sector", "strip-sector", "strip-angle", "block-sector", "block-angle"]
"""How the wind picks the order of the tokens; `none` is row-major, `*-sector` reads a cache, `*-angle` does not."""

ScanLayout = Literal["compat", "corrected"]
"""`compat`: elevation stays and output tokens are not put back (upstream); `corrected`: both follow the tokens."""

SCAN_RULES: tuple[ScanRule, ...] = get_args(ScanRule)

R = TypeVar("R", bound=Record)

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]*$")
]
SlurmWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
SlurmTime = Annotated[str, StringConstraints(pattern=r"^(\d{1,3}-)?\d{1,2}:\d{2}:\d{2}$")]
Builder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]


class TargetPlan(Record):
    """The code under check: a callable that builds the model as the training does, and the training's own config."""

    builder: Builder = "aqboard.probes.reference:build"
    config: Path


class CheckpointPlan(Record):
    """The checkpoint to start from, and how the training loads it."""

    path: Path
    load_into: Literal["lightning_module", "inner_model"] = "lightning_module"
    strip_prefix: str = ""
    strict: bool = True
    expected_missing: tuple[str, ...] = ()
    """Glob patterns of model tensors that the checkpoint may lack, e.g. `*.elevation_alpha`."""


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
    may lie above it. `log` is the CSV log of that run.
    """

    val_loss: float = Field(gt=0, allow_inf_nan=False)
    tolerance: float = Field(default=0.05, gt=0, le=1)
    log: Path | None = None


class ForwardPlan(Record):
    """How the training (or the team's test) hands lead times to the model; `[B]` is what the model wants."""

    lead_times_shape: Literal["[B]", "[B, 1]"] = "[B]"


class ClusterPlan(Record):
    """The Slurm job: one task per GPU, `nodes` x `gpus_per_node` of them."""

    profile: SlurmWord = "lumi-g"
    account: SlurmWord
    partition: SlurmWord
    nodes: int = Field(ge=1, le=10_000)
    gpus_per_node: int = Field(ge=1, le=16)
    time: SlurmTime
    job_name: Name
    workdir: str = Field(min_length=1, max_length=500, pattern=r"^/[^\x00-\x1f]*$")
    command: tuple[Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00-\x1f]*$")], ...] = Field(
        min_length=1
    )
    """The training command as separate words; each is quoted, no shell ever expands it."""

    @property
    def gpus(self) -> int:
        """GPUs of the whole job."""
        return self.nodes * self.gpus_per_node


class LaunchPlan(Record):
    """Everything a launch depends on. Validated as a whole; `with_base` makes its paths absolute."""

    name: Name
    author: Name
    description: str = Field(default="", max_length=4000)
    target: TargetPlan
    checkpoint: CheckpointPlan
    scan: ScanPlan
    data: DataPlan
    baseline: BaselinePlan
    forward: ForwardPlan = ForwardPlan()
    cluster: ClusterPlan

    def with_base(self, folder: Path) -> "LaunchPlan":
        """The same plan with every relative path joined to `folder`."""

        def at(path: Path) -> Path:
            return path if path.is_absolute() else folder / path

        def moved(record: R, **changes: object) -> R:
            return record.model_copy(update=changes)

        scan = moved(self.scan, cache=at(self.scan.cache), candidates=tuple(at(path) for path in self.scan.candidates))
        log = self.baseline.log
        return moved(
            self,
            target=moved(self.target, config=at(self.target.config)),
            checkpoint=moved(self.checkpoint, path=at(self.checkpoint.path)),
            scan=scan,
            data=moved(self.data, directory=at(self.data.directory)),
            baseline=moved(self.baseline, log=at(log) if log else None),
        )

    def input_files(self) -> tuple[tuple[str, Path], ...]:
        """(key in the plan, path) of every single file whose content the verdict depends on, in reading order."""
        files = [
            ("target.config", self.target.config),
            ("checkpoint.path", self.checkpoint.path),
            ("scan.cache", self.scan.cache),
            *((f"scan.candidates[{i}]", path) for i, path in enumerate(self.scan.candidates)),
        ]
        if self.baseline.log:
            files.append(("baseline.log", self.baseline.log))
        return tuple(files)
