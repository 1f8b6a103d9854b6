"""Write a scan cache as the team's generator does: a plain pickle of a dict of torch tensors."""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from aqboard.readers.caches.scan_cache import ScanCache
from aqboard_reference.topoflow.errors import ConfigError

KEYS = (
    "grid_h", "grid_w", "num_sectors", "regions_h", "regions_w",
    "sector_angles", "cached_orders", "regional_cached_orders",
)  # fmt: skip


def write_scan_cache(cache: ScanCache, path: Path, *, key_order: Sequence[str] | None = None) -> None:
    """Pickle `cache` (protocol 4) as a dict with its keys in `key_order`, by default the team's.

    Another key order gives another MD5 for the same orders. ConfigError when `key_order` is not a permutation of KEYS.
    """
    order = tuple(key_order or KEYS)
    if sorted(order) != sorted(KEYS):
        raise ConfigError(f"key_order must hold each of {', '.join(KEYS)} once; got {', '.join(order)}.")
    content: dict[str, Any] = {
        "grid_h": cache.grid_h,
        "grid_w": cache.grid_w,
        "num_sectors": cache.num_sectors,
        "regions_h": cache.regions_h,
        "regions_w": cache.regions_w,
        "sector_angles": cache.sector_angles.tolist(),
        "cached_orders": {s: torch.tensor(row) for s, row in enumerate(cache.global_orders)},
        "regional_cached_orders": {
            r: {s: torch.tensor(row) for s, row in enumerate(region)} for r, region in enumerate(cache.regional_orders)
        },
    }
    with path.open("wb") as file:
        pickle.dump({key: content[key] for key in order}, file, protocol=4)
