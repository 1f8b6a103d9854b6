"""Reading, comparing and proving files: what one would write with torch and pickle against aqboard.readers.

`python -m benchmarks.bench_readers [--quick]` prints a markdown table; `run` gives its rows.
"""

import hashlib
import os
import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from aqboard_reference.topoflow.cache_file import KEYS, write_scan_cache

from aqboard.readers.caches.compare import compare_caches
from aqboard.readers.caches.order_metrics import valid_rows
from aqboard.readers.caches.scan_cache import build_scan_cache, cache_digests, read_scan_cache
from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from aqboard.readers.checkpoints.integrity import check_integrity, differing_tensors
from aqboard.readers.digest import file_digest
from benchmarks.timing import Row, Timing, command, side_by_side

THREADS = 2
FULL = 1000
"""Size in MB of the checkpoint for which the bar is set."""


@dataclass(frozen=True)
class Bar:
    """What a row must reach: the ratio plain / fast, and the extra memory of the fast way in MB."""

    ratio: float
    extra_mb: float | None = None

    def row(self, what: str, timings: tuple[Timing, Timing]) -> Row:
        """The row with its verdict."""
        plain, fast = timings
        met = plain.median / fast.median >= self.ratio
        told = [f"<= {1 / self.ratio:.2g} of plain"]
        if self.extra_mb is not None:
            told.append(f"<= {self.extra_mb:g} MB")
            met = met and (fast.extra_mb or 0.0) <= self.extra_mb
        return Row(what, plain, fast, ", ".join(told), met)


def cache_rows(folder: Path, repeats: int) -> list[Row]:
    """The team's 6.6 MB cache, twice, with keys in two orders."""
    cache = build_scan_cache(64, 128)
    first, second = folder / "wind_scanner_cache.pkl", folder / "wind_cache_64x128.pkl"
    write_scan_cache(cache, first)
    write_scan_cache(cache, second, key_order=KEYS[::-1])

    def load() -> object:
        with first.open("rb") as file:
            return pickle.load(file)

    def looped() -> bool:
        everyone = list(range(8))
        return all(sorted(row.tolist()) == everyone for table in cache.regional_orders for row in table)

    read = side_by_side(load, lambda: cache_digests(read_scan_cache(first)), repeats=repeats)
    compared = side_by_side(load, lambda: compare_caches(first, second), repeats=repeats)
    valid = side_by_side(looped, lambda: valid_rows(cache.regional_orders).all(), repeats=repeats)
    return [
        Bar(1 / 0.3).row("read and digest a 6.6 MB cache / `pickle.load`", read),
        Bar(1.0).row("compare two, reading and MD5 included / one `pickle.load`", compared),
        Row("16 384 regional orders are permutations / one by one", *valid),
    ]


def checkpoint_rows(folder: Path, repeats: int, megabytes: int) -> list[Row]:
    """A Lightning-like checkpoint: weights and two AdamW moments of each."""
    path = folder / "large.ckpt"
    count = megabytes * 1_000_000 // 4 // 3 // 90
    state = {f"model.blocks.{index}.weight": torch.randn(count) for index in range(90)}
    moments = {index: {"exp_avg": torch.randn(count), "exp_avg_sq": torch.randn(count)} for index in range(90)}
    torch.save({"state_dict": state, "optimizer_states": [{"state": moments}], "epoch": 3}, path)
    with read_checkpoint(path) as checkpoint:
        arrays = {key: checkpoint.tensor(key).copy() for key in checkpoint.keys}
        buffers = [(bytearray(array.tobytes()), array.view(np.uint8).data) for array in arrays.values()]
        proof = side_by_side(
            lambda: all(copy == original for copy, original in buffers),
            lambda: differing_tensors(checkpoint, arrays),
            repeats=repeats,
        )
        assert differing_tensors(checkpoint, arrays) == ()
        buffers.clear()
        crc = side_by_side(lambda: _load(path), lambda: check_integrity(checkpoint), repeats=2)
    keys = side_by_side(lambda: _load(path), lambda: _keys(path), repeats=repeats)
    size = f"{path.stat().st_size / 1e9:.2g} GB"
    digests = side_by_side(lambda: _two_passes(path), lambda: _one_pass(path, folder), repeats=2)
    what = f"keys, shapes and metadata of a {size} checkpoint / `torch.load`"
    # The bar is set for a gigabyte: opening a file takes its time whatever its size.
    keys_row = Row(what, *keys) if megabytes < FULL else Bar(20.0, extra_mb=20.0).row(what, keys)
    return [
        keys_row,
        Bar(0.5).row(f"bitwise proof of {megabytes // 3} MB, file against memory / memcmp in memory", proof),
        Row(f"checksums of all records of {size} / `torch.load`, which checks none", *crc),
        Row(f"MD5 and SHA-256 of {size} in one pass / two passes", *digests),
    ]


def _load(path: Path) -> object:
    return torch.load(path, weights_only=True)


def _keys(path: Path) -> object:
    with read_checkpoint(path) as checkpoint:
        return checkpoint.summary()


def _two_passes(path: Path) -> object:
    digests = []
    for kind in ("md5", "sha256"):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, kind).hexdigest())
    return digests


def _one_pass(path: Path, folder: Path) -> object:
    for memory in (folder / "cache" / "digests").glob("*"):
        memory.unlink()
    return file_digest(path)


def run(quick: bool = False) -> list[Row]:
    """All rows, about a minute; `quick` takes a checkpoint of 0.1 GB and repeats less."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    repeats, megabytes = (3, 100) if quick else (5, FULL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with patch.dict(os.environ, AQBOARD_CACHE_DIR=str(folder / "cache")):
            return [*cache_rows(folder, repeats), *checkpoint_rows(folder, repeats, megabytes)]


if __name__ == "__main__":
    command(run, __doc__, f", torch {torch.__version__}, {THREADS} threads")
