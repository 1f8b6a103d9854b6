"""Builds the demo's real artefacts: `python -m aqboard_reference.demo.artefacts`, which is what `make demo-data` runs.

Writes into `data/demo`: three scan caches, normalisation statistics, the trained checkpoint, its CSV log and
`baseline.json`. The stores it needs are generated under `data/demo/stores`, which git ignores.
"""

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console

from aqboard.readers.caches.scan_cache import ScanCache, build_scan_cache, read_scan_cache
from aqboard_reference.topoflow import real_size as topoflow_real_size
from aqboard_reference.topoflow.cache_file import KEYS, write_scan_cache
from aqboard_reference.topoflow.config import ModelConfig, TrainConfig, load_train_config
from aqboard_reference.topoflow.data import AirQualityDataModule
from aqboard_reference.topoflow.generate import World, compute_normalisation, ensure_store
from aqboard_reference.topoflow.lightning_module import Batch, TopoFlowModule, masked_mse
from aqboard_reference.topoflow.normalisation import read_normalisation
from aqboard_reference.topoflow.train import build_module, train

DEMO = Path(__file__).parents[2] / "data" / "demo"
WORLD = World(img_h=64, img_w=128, hours=384)
"""What every demo store is generated from."""

CACHE, SAME_CACHE, OTHER_CACHE = "scan_cache.pkl", "scan_cache_key_order.pkl", "scan_cache_other.pkl"

Say = Callable[[str], None]


def ensure_validation_store(folder: Path = DEMO, *, say: Say = lambda _: None) -> Path:
    """Generate the demo's validation stores where they are missing (seconds); the folder they are in.

    DataError when a store of that name was made with other settings.
    """
    config = load_train_config(folder / "train.yaml")
    return _ensure_stores(config.data.root, config.data.val_years, say)


def real_size_artefacts(target: Path, *, say: Say = lambda _: None) -> list[Path]:
    """Write two caches and an untrained checkpoint of the team's size into `target`; their paths."""
    return topoflow_real_size.real_size_artefacts(target, read_normalisation(DEMO / "normalisation.json"), say=say)


def build(folder: Path, say: Say) -> Path:
    """Rebuild everything in `folder`, beginning with its `train.yaml`; the path of the new checkpoint."""
    config = load_train_config(folder / "train.yaml")
    write_caches(folder, config.model)
    data = config.data
    _ensure_stores(data.root, (*data.train_years, *data.val_years), say)
    say("Computing the normalisation statistics.")
    shape = (config.model.img_h, config.model.img_w)
    compute_normalisation(data.root, data.train_years, shape).save(data.normalisation_file)
    with tempfile.TemporaryDirectory(prefix="aqboard-demo-") as scratch:
        say(f"Training for {config.max_steps} steps.")
        trained = train(config.model_copy(update={"output": Path(scratch) / "training"}), progress=False)
        for old in folder.glob("*.ckpt"):
            old.unlink()
        checkpoint = folder / trained.name
        _save_with_relative_paths(trained, checkpoint, (Path(scratch), folder))
        shutil.copyfile(next(Path(scratch).rglob("metrics.csv")), folder / "metrics.csv")
    say("Measuring the baseline on the validation store.")
    (folder / "baseline.json").write_text(json.dumps(measure(config, checkpoint), indent=2) + "\n", encoding="utf-8")
    return checkpoint


def write_caches(folder: Path, model: ModelConfig) -> None:
    """The cache of the training, the same with its keys in another order, and one whose orders differ."""
    cache = build_scan_cache(
        model.grid_h,
        model.grid_w,
        num_sectors=model.num_sectors,
        regions_h=model.regions_h,
        regions_w=model.regions_w,
    )
    write_scan_cache(cache, folder / CACHE)
    write_scan_cache(cache, folder / SAME_CACHE, key_order=KEYS[::-1])
    write_scan_cache(with_north_and_south_swapped(cache), folder / OTHER_CACHE)


def with_north_and_south_swapped(cache: ScanCache) -> ScanCache:
    """The cache of a generator that lets rows grow northward: sector s holds the orders of sector -s.

    A plausible slip: the same file size and layout, every order a true permutation.
    """
    mirrored = [-sector % cache.num_sectors for sector in range(cache.num_sectors)]
    return dataclasses.replace(
        cache,
        global_orders=cache.global_orders[mirrored],
        regional_orders=cache.regional_orders[:, mirrored],
    )


def measure(config: TrainConfig, checkpoint: Path) -> dict[str, Any]:
    """The facts of `baseline.json`: losses of the trained, the untrained and the persistence forecast."""
    data = AirQualityDataModule(config.data, config.model)
    batches = [Batch(*batch) for batch in data.val_dataloader()]
    cache = read_scan_cache(config.scan_cache) if config.scan_cache else None
    trained = TopoFlowModule.load_from_checkpoint(checkpoint, map_location="cpu", cache=cache)
    now = [config.model.variables.index(name) for name in config.model.targets]
    return {
        "checkpoint": checkpoint.name,
        "val_loss": mean_loss(trained, batches),
        "random_init_val_loss": mean_loss(build_module(config, data), batches),
        "persistence_val_loss": _mean([masked_mse(batch.x[:, now], batch.y) for batch in batches], batches),
        "validation_samples": sum(len(batch.lead_times) for batch in batches),
        "lead_hours": list(config.data.lead_hours),
        "train_years": list(config.data.train_years),
        "val_years": list(config.data.val_years),
        "hours_per_year": WORLD.hours,
        "seed": config.seed,
        "measured": "masked MSE in normalised units, mean over all validation samples, evaluation mode, float32, CPU",
    }


@torch.no_grad()
def mean_loss(module: TopoFlowModule, batches: Sequence[Batch]) -> float:
    """Mean over the samples of the module's loss in evaluation mode."""
    module.eval()
    return _mean([module.loss(batch) for batch in batches], batches)


def _mean(losses: Sequence[torch.Tensor], batches: Sequence[Batch]) -> float:
    """Mean of batch losses, weighted by the batches' sizes."""
    sizes = [len(batch.lead_times) for batch in batches]
    return sum(float(loss) * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)


def _ensure_stores(root: Path, years: Sequence[int], say: Say) -> Path:
    for year in years:
        if not (root / f"data_{year}.zarr").exists():
            say(f"Generating the store of {year} ({WORLD.hours} hours).")
        ensure_store(root, year, WORLD)
    return root


def _save_with_relative_paths(trained: Path, target: Path, folders: Sequence[Path]) -> None:
    """Copy a checkpoint, with every path it recorded under `folders` made relative to that folder."""
    prefixes = [f"{path}/" for folder in folders for path in {folder, folder.resolve()}]

    def relative(value: Any) -> Any:
        if isinstance(value, dict):
            return {relative(key): relative(inner) for key, inner in value.items()}
        if isinstance(value, str):
            for prefix in prefixes:
                value = value.replace(prefix, "")
        return value

    checkpoint = torch.load(trained, map_location="cpu", weights_only=True)
    torch.save(relative(checkpoint), target)


def main(folder: Annotated[Path, typer.Option(help="Where train.yaml is and the artefacts go.")] = DEMO) -> None:
    """Train the demo model again and rebuild its artefacts (about ten minutes on two cores)."""
    console = Console(stderr=True, highlight=False)
    checkpoint = build(folder, console.print)
    console.print(f"Wrote {checkpoint} and the files beside it.")


if __name__ == "__main__":
    typer.run(main)
