"""Settings of the reference model, its data and its training: frozen pydantic models, read from YAML.

The defaults of `ModelConfig` are the real-size model: 128 x 256 pixels, 8192 patches, 52 481 340 parameters.
"""

from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, Field, PositiveInt, ValidationError, model_validator

from aqboard.domain.model import Record
from aqboard.domain.plan import ScanLayout, ScanRule
from aqboard_reference.topoflow.errors import ConfigError

SECTOR_RULES: tuple[ScanRule, ...] = ("global-sector", "strip-sector", "block-sector")

VARIABLES = (
    "u", "v", "temp", "rh", "psfc", "pm10", "so2", "no2", "co", "o3",
    "lat2d", "lon2d", "pm25", "elevation", "population",
)  # fmt: skip
TARGETS = ("pm25", "pm10", "so2", "no2", "co", "o3")


class Settings(Record):
    """Base of all settings: frozen, and an unknown key is an error."""


class ModelConfig(Settings):
    """Shape and scan of one model; two equal configs build the same tensors.

    `scan_layout`: `compat` leaves elevation and output in scan order, as the team's code does; `corrected` moves
    the elevation along with its patch and puts each output back in its place.
    `elevation_bias`: False is the baseline (92 tensors), True the fine-tuning model (94).
    """

    variables: tuple[str, ...] = VARIABLES
    targets: tuple[str, ...] = TARGETS
    img_h: PositiveInt = 128
    img_w: PositiveInt = 256
    patch: PositiveInt = 2
    embed_dim: PositiveInt = 768
    depth: PositiveInt = 6
    heads: PositiveInt = 8
    mlp_ratio: PositiveInt = 4
    drop_path: float = Field(0.1, ge=0, lt=1)
    drop_rate: float = Field(0.1, ge=0, lt=1)
    decoder_depth: PositiveInt = 2
    lead_time_scale_h: float = Field(100.0, gt=0, description="ClimaX divides lead times in hours by 100")
    scan_rule: ScanRule = "strip-sector"
    scan_layout: ScanLayout = "compat"
    num_sectors: PositiveInt = 16
    regions_h: PositiveInt = 32
    regions_w: PositiveInt = 32
    elevation_bias: bool = False
    elevation_alpha: float = 0.0

    @property
    def grid_h(self) -> int:
        """Patches along latitude."""
        return self.img_h // self.patch

    @property
    def grid_w(self) -> int:
        """Patches along longitude."""
        return self.img_w // self.patch

    @property
    def num_patches(self) -> int:
        """Tokens per sample, L."""
        return self.grid_h * self.grid_w

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, values in (("variables", self.variables), ("targets", self.targets)):
            if not values or len(set(values)) != len(values):
                raise ValueError(f"{name} must be a non-empty list without repetition")
        if absent := [name for name in self.targets if name not in self.variables]:
            raise ValueError(f"targets {absent} are not among the variables {list(self.variables)}")
        if absent := [name for name in self.needed_in_physical_units if name not in self.variables]:
            raise ValueError(f"the scan and the elevation bias need the variables {absent}; add them")
        if self.embed_dim % self.heads:
            raise ValueError(f"embed_dim={self.embed_dim} is not divisible by heads={self.heads}")
        for axis, size in (("h", self.img_h), ("w", self.img_w)):
            if size % self.patch:
                raise ValueError(f"img_{axis}={size} is not divisible by patch={self.patch}")
        for axis, grid, regions in (
            ("h", self.grid_h, self.regions_h),
            ("w", self.grid_w, self.regions_w),
        ):
            if grid % regions:
                raise ValueError(f"regions_{axis}={regions} does not divide the patch grid's {grid}")
        return self

    @property
    def needed_in_physical_units(self) -> tuple[str, ...]:
        """Variables the model reads in m/s or metres as well as normalised."""
        wind = () if self.scan_rule == "none" else ("u", "v")
        return (*wind, "elevation") if self.elevation_bias else wind


class DataConfig(Settings):
    """Where the yearly stores are and which hours make a sample.

    `root` holds `data_YYYY.zarr`; `normalisation` defaults to `root/normalisation.json`.
    A sample starts every `stride_h` hours (`val_stride_h` in validation), once per lead time.
    """

    root: Path
    normalisation: Path | None = None
    train_years: tuple[int, ...] = Field(min_length=1)
    val_years: tuple[int, ...] = Field(min_length=1)
    lead_hours: tuple[PositiveInt, ...] = Field((12, 24, 48, 96), min_length=1)
    stride_h: PositiveInt = 6
    val_stride_h: PositiveInt = 24
    batch_size: PositiveInt = 2
    num_workers: int = Field(0, ge=0)
    in_memory: bool = False

    @property
    def normalisation_file(self) -> Path:
        """The statistics in force."""
        return self.normalisation or self.root / "normalisation.json"


class OptimiserConfig(Settings):
    """AdamW with linear warm-up, then a cosine down to `final_share` of the learning rate."""

    lr: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.05, ge=0)
    betas: tuple[float, float] = (0.9, 0.95)
    warmup_steps: int = Field(50, ge=0)
    final_share: float = Field(0.01, ge=0, le=1)


class TrainConfig(Settings):
    """One training: model, data, optimiser, and where the results go.

    `banded_share`: for this first share of the steps attention stays inside bands of one row of regions, which
    is several times cheaper and learns the local physics; the rest sees the whole grid.
    `activation_checkpointing`: each block is computed again in the backward pass; a third more time, far less memory.
    """

    model: ModelConfig = ModelConfig()
    data: DataConfig
    optimiser: OptimiserConfig = OptimiserConfig()
    scan_cache: Path | None = None
    output: Path = Path("training")
    seed: int = 0
    max_steps: PositiveInt = 1000
    val_every_steps: PositiveInt = 100
    log_every_steps: PositiveInt = 10
    banded_share: float = Field(0.0, ge=0, le=1)
    activation_checkpointing: bool = False
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    accelerator: str = "auto"
    devices: PositiveInt = 1
    num_nodes: PositiveInt = 1
    save_weights_only: bool = False


_S = TypeVar("_S", bound=Settings)


def parse_settings(kind: type[_S], values: object, *, where: str) -> _S:
    """Build settings from plain data; ConfigError names the key, the value and what is allowed."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        told = "; ".join(_tell(kind, dict(fault)) for fault in error.errors())
        raise ConfigError(f"{where}: {told}") from None


def load_train_config(path: Path) -> TrainConfig:
    """Read a training YAML; relative paths in it start from its own folder.

    They stay relative when `path` is, so that a checkpoint records no more of the machine than it was told.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); give the path of a YAML file.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    config = parse_settings(TrainConfig, values, where=str(path))
    here = path.parent
    data = {"root": here / config.data.root}
    if config.data.normalisation:
        data["normalisation"] = here / config.data.normalisation
    return config.model_copy(
        update={
            "data": config.data.model_copy(update=data),
            "output": here / config.output,
            "scan_cache": here / config.scan_cache if config.scan_cache else None,
        }
    )


def _tell(kind: type[BaseModel], fault: dict[str, Any]) -> str:
    """One pydantic fault in words."""
    name = ".".join(str(part) for part in fault["loc"]) or "settings"
    if fault["type"] == "extra_forbidden":
        owner: type[BaseModel] = kind
        for parent in fault["loc"][:-1]:
            owner = owner.model_fields[str(parent)].annotation  # type: ignore[assignment]
        return f"unknown key {name!r}; allowed are {', '.join(owner.model_fields)}"
    if fault["type"] == "missing":
        return f"{name} is missing"
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if isinstance(fault["input"], dict) else f"{name}={fault['input']!r}: {message}"
