"""A whole launch in small: stores, a really trained checkpoint, its cache, and plans that change one thing."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from aqboard_reference.topoflow.cache_file import write_scan_cache
from aqboard_reference.topoflow.config import DataConfig, ModelConfig, OptimiserConfig, TrainConfig
from aqboard_reference.topoflow.generate import World, compute_normalisation, ensure_store
from aqboard_reference.topoflow.train import train

from aqboard.readers.caches.scan_cache import ScanCache, build_scan_cache
from tests import samples

MODEL = ModelConfig(
    img_h=16, img_w=32, embed_dim=16, depth=2, heads=2, regions_h=4, regions_w=4, scan_layout="corrected"
)
HOURS = 72


@dataclass(frozen=True)
class TinyLaunch:
    """Where the files of the launch lie; `plan` writes a plan beside them."""

    folder: Path
    val_loss: float

    def plan(self, name: str = "plan", **sections: Any) -> Path:
        """A plan that is READY unless a section says otherwise; sections are merged key by key."""
        document = samples.plan_document(
            name=name,
            target={"config": "finetune.yaml"},
            checkpoint={
                "path": "baseline.ckpt",
                "strict": False,
                "expected_missing": ["*.elevation_alpha", "*.H_scale"],
            },
            scan={
                "rule": "strip-sector",
                "layout": "corrected",
                "cache": "cache.pkl",
                "candidates": ["cache_key_order.pkl", "cache_other.pkl"],
            },
            data={"directory": "stores", "batch_size": 2, "validation_batches": 4},
            baseline={"val_loss": self.val_loss, "tolerance": 0.02, "log": "metrics.csv"},
        )
        for key, section in sections.items():
            document[key] = {**document.get(key, {}), **section} if isinstance(section, dict) else section
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return path


def make(folder: Path) -> TinyLaunch:
    """Generate two years of 72 hours, train for a few steps, and lay everything out as a team would."""
    stores = folder / "stores"
    world = World(img_h=16, img_w=32, hours=HOURS, spin_up_h=6, num_cities=6)
    for year in (2018, 2019):
        ensure_store(stores, year, world)
    compute_normalisation(stores, [2018], (16, 32)).save(stores / "normalisation.json")
    cache = build_scan_cache(8, 16, num_sectors=16, regions_h=4, regions_w=4)
    write_scan_cache(cache, folder / "cache.pkl")
    write_scan_cache(cache, folder / "cache_key_order.pkl", key_order=KEY_ORDER)
    write_scan_cache(turned(cache), folder / "cache_other.pkl")
    config = TrainConfig(
        model=MODEL,
        data=DataConfig(root=stores, train_years=(2018,), val_years=(2019,), lead_hours=(12,), val_stride_h=8),
        optimiser=OptimiserConfig(lr=3e-3, warmup_steps=2),
        scan_cache=folder / "cache.pkl",
        output=folder / "training",
        max_steps=24,
        val_every_steps=6,
        log_every_steps=1,
        accelerator="cpu",
    )
    best = train(config, progress=False)
    shutil.copy(best, folder / "baseline.ckpt")
    shutil.copy(best.parent.parent / "metrics.csv", folder / "metrics.csv")
    model = MODEL.model_copy(update={"elevation_bias": True})
    finetune = config.model_copy(update={"model": model, "num_nodes": 50, "devices": 8})
    (folder / "finetune.yaml").write_text(yaml.safe_dump(finetune.model_dump(mode="json")), encoding="utf-8")
    return TinyLaunch(folder, float(best.stem.split("val_loss=")[1].split("-")[0]))


KEY_ORDER = (
    "regional_cached_orders",
    "cached_orders",
    "sector_angles",
    "regions_w",
    "regions_h",
    "num_sectors",
    "grid_w",
    "grid_h",
)


def turned(cache: ScanCache) -> ScanCache:
    """The same cache with the winds of opposite sectors exchanged."""
    half = cache.num_sectors // 2
    return ScanCache(
        **{
            **vars(cache),
            "global_orders": cache.global_orders[[*range(half, 2 * half), *range(half)]],
            "regional_orders": cache.regional_orders[:, [*range(half, 2 * half), *range(half)]],
        }
    )
