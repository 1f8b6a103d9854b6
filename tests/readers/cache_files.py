"""Cache files in the team's format, and variants of it, written by the tools that write them in the wild."""

import pickle

import numpy as np
import torch

from aqboard.readers.caches.scan_cache import ScanCache, build_scan_cache

KEYS = ("grid_h", "grid_w", "num_sectors", "regions_h", "regions_w", "sector_angles", "cached_orders")
KEYS = (*KEYS, "regional_cached_orders")


def small_cache(**changes):
    """An 8 x 16 grid in 4 x 4 regions, 8 sectors."""
    cache = build_scan_cache(8, 16, num_sectors=8, regions_h=4, regions_w=4)
    return replaced(cache, **changes)


def replaced(cache, **changes):
    """The same cache with some fields exchanged."""
    return ScanCache(**{**cache.__dict__, **changes})


def team_dict(cache, order=torch.tensor, keys=KEYS):
    """The team's dict; `order` makes a tensor, an array or a list of each int64 row."""
    sectors, regions = range(cache.num_sectors), range(len(cache.regional_orders))
    fields = {
        **{name: getattr(cache, name) for name in KEYS[:5]},
        "sector_angles": cache.sector_angles.tolist(),
        "cached_orders": {s: order(cache.global_orders[s]) for s in sectors},
        "regional_cached_orders": {r: {s: order(cache.regional_orders[r, s]) for s in sectors} for r in regions},
    }
    return {key: fields[key] for key in keys}


def write_pickle(path, content, protocol=4):
    """`pickle.dump`, as the team does."""
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def swapped(cache, sector=3):
    """A cache whose first two patches of one sector changed places."""
    orders = cache.global_orders.copy()
    orders[sector, [0, 1]] = orders[sector, [1, 0]]
    return replaced(cache, global_orders=orders)


def float32_orders(cache):
    """The same cache recomputed in float32, which breaks ties another way."""
    x = (2 * np.arange(cache.grid_w) / (cache.grid_w - 1) - 1).astype("f4")
    y = (2 * np.arange(cache.grid_h) / (cache.grid_h - 1) - 1).astype("f4")
    cosines, sines = (np.array([f(a) for a in cache.sector_angles], "f4") for f in (np.cos, np.sin))
    along = x[None, None] * cosines[:, None, None] + (-y)[None, :, None] * sines[:, None, None]
    return replaced(cache, global_orders=np.argsort(along.reshape(len(cosines), -1), axis=1, kind="stable"))
