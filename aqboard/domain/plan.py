"""The launch plan: what is to be launched, with which model, checkpoint, caches, data, baseline and cluster.

A plan is data, not code. It is written in YAML, validated here, frozen into an attempt, and never edited after.
Every relative path in it is relative to the plan's own folder.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar, get_args

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, StringConstraints, model_validator

from aqboard.domain.errors import PlanError
from aqboard.domain.finding import Severity
from aqboard.domain.model import Name as Name
from aqboard.domain.model import Record
from aqboard.domain.policy import Policy

ScanRule = Literal["none", "global-sector", "strip-sector", "strip-angle", "block-sector", "block-angle"]
"""How the wind picks the order of the tokens; `none` is row-major, `*-sector` reads a cache, `*-angle` does not."""

ScanLayout = Literal["compat", "corrected"]
"""`compat`: elevation stays and output tokens are not put back (upstream); `corrected`: both follow the tokens."""

SCAN_RULES: tuple[ScanRule, ...] = get_args(ScanRule)

R = TypeVar("R", bound=Record)

SlurmWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
SlurmTime = Annotated[str, StringConstraints(pattern=r"^(\d{1,3}-)?\d{1,2}:\d{2}:\d{2}$")]
SlurmMemory = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,6}[MGT]$")]
Builder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
CommandWord = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00-\x1f]*$")]
# A comma or a further colon would be read as another bind by the runtime.
Bind = Annotated[str, StringConstraints(max_length=500, pattern=r"^/[^\x00-\x1f,:]*(:/[^\x00-\x1f,:]*(:(ro|rw))?)?$")]


def _below(pattern: str) -> str:
    """A pattern that stays in its folder, and is not searched for in folders of any depth."""
    if any(part in ("", ".", "..") or "**" in part for part in pattern.split("/")):
        raise ValueError("must be a path below the working directory; `*` stands for a part of one name")
    return pattern


LogPattern = Annotated[
    str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$"), AfterValidator(_below)
]

_PYTHON = re.compile(r"python[0-9.]*", re.ASCII)


OWN_BUILDER = "aqboard.probes.reference:build"
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


class TrainingPlan(Record):
    """What the training's first step should do, and what is known of its pace."""

    frozen: tuple[str, ...] = ()
    """Glob patterns of parameters that are not to be trained."""
    seconds_per_step: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Measured in an earlier run with this model and batch on these GPUs; counts before any measurement here."""
    log: LogPattern | None = None
    """The log that the training will write, under the job's working directory: a CSV of Lightning's or a TensorBoard
    event file. `*` stands for what is not known beforehand: `logs/version_*/metrics.csv`."""


class ContainerPlan(Record):
    """The image that the training runs in, on every node."""

    image: Path
    """A file that every node can read. It is an input like the checkpoint: known by its digest, checked by the job."""
    runtime: Literal["singularity", "apptainer"] | None = None
    """None takes what the cluster's profile says."""
    binds: tuple[Bind, ...] = ()
    """Folders the training needs inside, `/outside`, `/outside:/inside` or `/outside:/inside:ro`. The working directory
    and the folder of the signed manifest are always there."""


class CanaryPlan(Record):
    """A short trial of the same command on few nodes, before the launch; the launch starts only if it ends well.

    Two nodes are the fewest: a single one never touches the network between nodes.
    """

    nodes: int = Field(default=2, ge=2, le=100)
    time: SlurmTime = "00:20:00"
    partition: SlurmWord | None = None
    """None takes the partition that the profile has for short jobs, or else the launch's own."""
    arguments: tuple[CommandWord, ...] = ()
    """Words put behind the command, for a training that does not ask Slurm how many nodes it has."""


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
    command: tuple[CommandWord, ...] = Field(min_length=1)
    """The training command as separate words; each is quoted, no shell ever expands it."""
    container: ContainerPlan | None = None
    venv: Annotated[str, StringConstraints(max_length=500, pattern=r"^/[^\x00-\x1f:]*$")] | None = None
    """A virtual environment that the command runs in; inside the container where there is one."""
    python: CommandWord | None = None
    """The Python that verifies the signed manifest on every node; None takes the command's own (`job_python`)."""
    canary: CanaryPlan | None = None

    @property
    def gpus(self) -> int:
        """GPUs of the whole job."""
        return self.nodes * self.gpus_per_node

    @property
    def job_python(self) -> str:
        """The Python of the job: the one named, else the command's own first word, else the environment's `python3`.

        It needs aqboard and pydantic, nothing else, and is looked up where the command is: in the container, in `venv`.
        """
        if self.python is not None:
            return self.python
        first = self.command[0]
        return first if _PYTHON.fullmatch(first.rpartition("/")[2]) else "python3"

    @model_validator(mode="after")
    def _canary_is_smaller(self) -> Self:
        if self.canary is not None and self.canary.nodes > self.nodes:
            raise ValueError(f"have a canary of at most {self.nodes} nodes, or none: it is a trial of the launch")
        return self


class ChecksPlan(Record):
    """Where the checks run when they run as a Slurm job; what is not said is the cluster profile's, or the launch's."""

    partition: SlurmWord | None = None
    account: SlurmWord | None = None
    time: SlurmTime | None = None
    gpus: int | None = Field(default=None, ge=0, le=16)
    """0 for a partition without GPUs."""
    cpus: int | None = Field(default=None, ge=1, le=1024)
    memory: SlurmMemory | None = None
    python: Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]*$")] | None = None
    """The Python that measures, where it is not the one that aqboard runs in here; it needs aqboard with the extras
    `checks` and `slurm`, of this version."""
    container: tuple[Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00-\x1f]*$")], ...] = ()
    """The words before that Python, e.g. `[singularity, exec, --rocm, image.sif]`; each is quoted."""


class LaunchPlan(Record):
    """Everything a launch depends on. Validated as a whole; `with_base` makes its paths absolute."""

    name: Name
    author: Name
    description: str = Field(default="", max_length=4000)
    target: TargetPlan
    checkpoint: CheckpointPlan
    scan: ScanPlan | None = None
    """Only where tokens are ordered by the wind; without it the scan's and the caches' checks do not apply."""
    data: DataPlan
    baseline: BaselinePlan
    forward: ForwardPlan = ForwardPlan()
    expectations: ExpectationsPlan = ExpectationsPlan()
    training: TrainingPlan = TrainingPlan()
    cluster: ClusterPlan
    checks: ChecksPlan = ChecksPlan()
    policy: Policy = Policy()
    severities: dict[str, Severity] = Field(default_factory=dict)
    """Check id -> what it means for this launch, where that differs from the usual; always shown."""
    limits: dict[str, Annotated[float, Field(gt=0, le=86_400)]] = Field(default_factory=dict)
    """Probe -> seconds after which it is stopped, where that differs from the usual."""

    @model_validator(mode="after")
    def _reference_scans(self) -> Self:
        if self.target.own and self.scan is None:
            raise ValueError("have the section `scan`: the reference model orders its tokens by the wind")
        return self

    @property
    def wind_scan(self) -> ScanPlan:
        """The scan section; raises PlanError for a launch without one, whose scan checks do not apply."""
        if self.scan is None:
            raise PlanError("The plan has no scan section.")
        return self.scan

    def with_base(self, folder: Path) -> "LaunchPlan":
        """The same plan with every relative path joined to `folder`."""

        def at(path: Path) -> Path:
            return path if path.is_absolute() else folder / path

        def moved(record: R, **changes: object) -> R:
            return record.model_copy(update=changes)

        scan = self.scan
        if scan is not None:
            scan = moved(scan, cache=at(scan.cache), candidates=tuple(at(path) for path in scan.candidates))
        log, config, workdir = self.baseline.log, self.target.config, self.target.workdir
        container = self.cluster.container
        if container is not None:
            container = moved(container, image=at(container.image))
        return moved(
            self,
            target=moved(
                self.target,
                config=at(config) if config else None,
                workdir=at(workdir) if workdir else None,
                python_path=tuple(at(path) for path in self.target.python_path),
            ),
            checkpoint=moved(self.checkpoint, path=at(self.checkpoint.path)),
            scan=scan,
            data=moved(self.data, directory=at(self.data.directory)),
            baseline=moved(self.baseline, log=at(log) if log else None),
            cluster=moved(self.cluster, container=container),
        )

    def input_files(self) -> tuple[tuple[str, Path], ...]:
        """(key in the plan, path) of every single file whose content the verdict depends on, in reading order."""
        files = [("target.config", self.target.config)] if self.target.config else []
        files.append(("checkpoint.path", self.checkpoint.path))
        if self.scan:
            files.append(("scan.cache", self.scan.cache))
            files += [(f"scan.candidates[{i}]", path) for i, path in enumerate(self.scan.candidates)]
        if self.baseline.log:
            files.append(("baseline.log", self.baseline.log))
        if self.cluster.container:
            files.append(("cluster.container.image", self.cluster.container.image))
        return tuple(files)
