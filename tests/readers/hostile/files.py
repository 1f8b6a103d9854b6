"""What is no file, another file, or a cache with nonsense in it."""

import os
import random

import numpy as np

from tests.readers.cache_files import small_cache, team_dict, write_pickle
from tests.readers.hostile.archives import both
from tests.readers.hostile.cases import Case

OTHERS = [
    both("empty", b"", "empty"),
    both("zeros", bytes(100_000), "wrong-format"),
    both("random", random.Random(3).randbytes(5000), "not-pickle"),
    both("log", b"Training started on 400 GPUs\nepoch 1 loss 3.85\n", "not-pickle"),
    both("prose", "Le cache a été régénéré en septembre.\n".encode(), "not-pickle"),
    both("yaml", b"cache: wind.pkl\nmd5: 12e680ef\n", "not-pickle"),
    both("json", b'{"grid_h": 64}', "not-pickle"),
    both("web page", b"<!DOCTYPE html><html>Please log in</html>", "wrong-format"),
    both("lfs pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 6648177\n", "wrong-format"),
    both("7z", b"7z\xbc\xaf\x27\x1c" + bytes(50), "wrong-format"),
    both("gzip", b"\x1f\x8b\x08" + bytes(50), "wrong-format"),
    both("hdf5", b"\x89HDF\r\n\x1a\n" + bytes(50), "wrong-format"),
    both("npy", b"\x93NUMPY\x01\x00" + bytes(50), "wrong-format"),
    both("program", b"\x7fELF" + bytes(50), "wrong-format"),
    both("folder", lambda path: path.mkdir(), "not-a-file"),
    both("fifo", lambda path: os.mkfifo(path), "not-a-file"),
    both("device", lambda path: path.symlink_to("/dev/zero"), "not-a-file"),
    both("dangling link", lambda path: path.symlink_to("nowhere"), "not-found"),
    both("link to itself", lambda path: path.symlink_to(path.name), "os-error"),
]


def cache(name, code, **changes):
    """A cache in the team's format with some fields replaced; a value of None drops the field."""
    fields = {**team_dict(small_cache()), **changes}
    content = {key: value for key, value in fields.items() if value is not None}
    return Case(name, lambda path: write_pickle(path, content), code, "no-tensors")


GLOBAL = team_dict(small_cache())["cached_orders"]
REGIONAL = team_dict(small_cache())["regional_cached_orders"]
LONG_ORDER = list(range(100_000))
ALIASED = {
    "grid_h": 100_000,
    "grid_w": 1,
    "num_sectors": 1_000,
    "cached_orders": dict.fromkeys(range(1000), LONG_ORDER),
}
TABLE = dict.fromkeys(range(3000), GLOBAL[0])
ALIASED_TABLES = {
    "grid_h": 3_000,
    "grid_w": 1,
    "num_sectors": 3_000,
    "regions_h": 3_000,
    "regions_w": 1,
    "cached_orders": TABLE,
    "regional_cached_orders": dict.fromkeys(range(3000), TABLE),
}
NONSENSE = [
    cache("cache without angles", "not-a-cache", sector_angles=None),
    cache("cache without regions", "not-a-cache", regional_cached_orders=None),
    cache("cache grid is text", "not-a-cache", grid_h="eight"),
    cache("cache grid is a fraction", "not-a-cache", grid_h=8.0),
    cache("cache grid is zero", "bad-grid", grid_h=0),
    cache("cache grid is negative", "bad-grid", grid_h=-8),
    cache("cache grid of a billion", "bad-shape", grid_h=8_000_000_000),
    cache("cache for another grid", "bad-shape", grid_h=16),
    cache("cache regions do not divide", "bad-order", regions_h=3),
    cache("cache sector missing", "bad-order", cached_orders={s: GLOBAL[s] for s in range(7)}),
    cache("cache sector too many", "bad-order", cached_orders={**GLOBAL, 8: GLOBAL[0]}),
    cache("cache sector by name", "bad-order", cached_orders={f"s{s}": GLOBAL[s] for s in range(8)}),
    cache("cache sector too short", "bad-order", cached_orders={**GLOBAL, 3: GLOBAL[3][:-1]}),
    cache("cache all sectors too short", "bad-shape", cached_orders={s: GLOBAL[s][:-1] for s in range(8)}),
    cache("cache of fractions", "bad-order", cached_orders={s: GLOBAL[s].float() for s in range(8)}),
    cache("cache of text", "bad-order", cached_orders=dict.fromkeys(range(8), "upwind first")),
    cache("cache of huge integers", "bad-order", cached_orders={s: [1 << 80] * 128 for s in range(8)}),
    cache("cache of two dimensions", "bad-order", cached_orders={s: GLOBAL[s].reshape(8, 16) for s in range(8)}),
    cache("cache region missing", "bad-order", regional_cached_orders={r: REGIONAL[r] for r in range(15)}),
    cache("cache region is a number", "not-a-cache", regional_cached_orders={**REGIONAL, 4: 5}),
    cache("cache of one order referred to by all", "too-big", **ALIASED),
    cache("cache of one table referred to by all", "too-big", **ALIASED_TABLES),
    cache("cache angles are NaN", "bad-grid", sector_angles=[float("nan")] * 8),
    cache("cache angles too few", "bad-shape", sector_angles=[0.0, 1.0]),
    cache("cache stacked wrongly", "bad-order", cached_orders=np.zeros((8, 16, 8), "i8")),
]

CASES = (*OTHERS, *NONSENSE)
