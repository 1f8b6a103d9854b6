"""The fuzz target: honest files, damaged in every way, must be read or refused; anything else is a defect.

    python -m tests.readers.fuzz 20000 --seed 1

runs that many mutants through both readers (and through everything that is done with what was read), in a process
with bounded memory, and prints how many were refused with which code, the slowest mutant, and every unexpected
exception with the mutant that caused it.
"""

import argparse
import collections
import io
import random
import resource
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from aqboard.readers.caches.cache_facts import inspect_cache
from aqboard.readers.caches.scan_cache import build_scan_cache
from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from aqboard.readers.checkpoints.health import tensor_health
from aqboard.readers.checkpoints.integrity import check_integrity
from aqboard.readers.errors import ReadError
from tests.readers.cache_files import team_dict, write_pickle

MEMORY = 1 << 30
SLOW = 5.0
INTERESTING = (
    *(bytes([value]) for value in (0, 1, 0x7F, 0x80, 0xFF)),
    *(value.to_bytes(4, "little") for value in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 20)),
    *(value.to_bytes(8, "little") for value in (0, 1 << 31, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)),
    *(b"(", b")", b"}", b"]", b"t", b"R", b"b", b"\x81", b"\x93", b"Q", b".", b"0", b"2", b"h\x00", b"\x94", b"\x85"),
    b"cos\nsystem\n",
    b"ccollections\nOrderedDict\n)R",
    b"PK\x03\x04",
    b"PK\x01\x02",
)


@dataclass(frozen=True)
class Edit:
    """One damage: what is done, where (share of the file), and with which bytes or how far."""

    kind: str
    where: float
    value: bytes
    span: int


KINDS = ("flip", "overwrite", "insert", "delete", "repeat", "cut", "swap")


def mutate(content, edits):
    """The content after the edits, one after the other."""
    mutant = bytearray(content)
    for edit in edits:
        at = int(edit.where * len(mutant))
        end = min(len(mutant), at + edit.span)
        match edit.kind:
            case "flip" if mutant:
                mutant[at % len(mutant)] ^= 1 << (edit.span % 8)
            case "overwrite":
                mutant[at : at + len(edit.value)] = edit.value
            case "insert":
                mutant[at:at] = edit.value
            case "delete":
                del mutant[at:end]
            case "repeat":
                mutant[at:at] = mutant[at:end] * (1 + edit.span % 3)
            case "cut":
                del mutant[at:]
            case "swap":
                other = (at * 7) % (len(mutant) or 1)
                mutant[at:end], mutant[other : other + end - at] = mutant[other : other + end - at], mutant[at:end]
    return bytes(mutant)


@cache
def seeds():
    """Small honest files of every format."""
    scan = team_dict(build_scan_cache(4, 8, num_sectors=2, regions_h=2, regions_w=2))
    numpy_scan = {**scan, "cached_orders": {s: order.numpy() for s, order in scan["cached_orders"].items()}}
    weights = {"model.w": torch.randn(3, 4), "model.half": torch.randn(5).bfloat16(), "model.n": torch.arange(3)}
    optimizer = {"state": {0: {"step": torch.tensor(3.0), "exp_avg_sq": torch.zeros(3, 4)}}}
    optimizer["param_groups"] = [{"lr": 0.1, "betas": (0.9, 0.99), "params": [0]}]
    lightning = {
        "epoch": 2,
        "state_dict": collections.OrderedDict(weights),
        "optimizer_states": [optimizer],
        "callbacks": {"ModelCheckpoint": {"monitor": "val_loss", "best_model_score": torch.tensor(0.3557)}},
        "hyper_parameters": {"lr": 0.1, "path": Path("/data"), "tags": {"a", "b"}, "array": np.arange(3)},
    }
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for protocol in (0, 2, 4, 5):
            files[f"pickle {protocol}"] = write_pickle(Path(folder) / "x", scan, protocol).read_bytes()
            files[f"numpy {protocol}"] = write_pickle(Path(folder) / "x", numpy_scan, protocol).read_bytes()
    for zipped in (True, False):
        for name, content in (("scan", scan), ("lightning", lightning)):
            stream = io.BytesIO()
            torch.save(content, stream, _use_new_zipfile_serialization=zipped)
            files[f"{name} {'zip' if zipped else 'legacy'}"] = stream.getvalue()
    orders = np.stack([order.numpy() for order in scan["cached_orders"].values()])
    for name, writer in (("npz", np.savez), ("npz compressed", np.savez_compressed)):
        stream = io.BytesIO()
        writer(stream, cached_orders=orders, grid_h=4)
        files[name] = stream.getvalue()
    files["safetensors"] = save(weights)
    return files


def exercise(path):
    """Read a file with both readers and use all of it; the codes with which it was refused."""
    codes = []
    try:
        inspect_cache(path).model_dump_json()
        codes.append("read")
    except ReadError as error:
        codes.append(error.code)
    try:
        with read_checkpoint(path) as checkpoint:
            checkpoint.summary().model_dump_json()
            check_integrity(checkpoint)
            tensor_health(checkpoint).model_dump_json()
        codes.append("read")
    except ReadError as error:
        codes.append(error.code)
    return codes


def random_edits(chance):
    """One to three edits, most of them small: deep damage needs a file that is mostly whole."""
    return [
        Edit(
            chance.choice((*KINDS, "flip", "flip", "flip", "overwrite")),
            chance.random(),
            chance.choice(INTERESTING) if chance.random() < 0.8 else chance.randbytes(chance.randint(1, 16)),
            int(2 ** chance.uniform(0, 8)),
        )
        for _ in range(chance.choice((1, 1, 1, 1, 2, 2, 3)))
    ]


def bound_memory():
    """Leave `MEMORY` bytes beyond what torch and its libraries have reserved already."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> int:
    options = argparse.ArgumentParser(description="Damage honest files and read them.")
    options.add_argument("mutants", type=int, nargs="?", default=20_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    files = list(seeds().items())
    bound_memory()
    chance = random.Random(chosen.seed)
    codes, unexpected, slowest = collections.Counter(), 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.bin"
        for number in range(chosen.mutants):
            name, content = files[number % len(files)]
            path.write_bytes(mutate(content, random_edits(chance)))
            began = time.perf_counter()
            try:
                codes.update(exercise(path))
            except Exception as error:
                unexpected += 1
                kept = Path(tempfile.gettempdir()) / f"aqboard-mutant-{chosen.seed}-{number}.bin"
                kept.write_bytes(path.read_bytes())
                print(f"UNEXPECTED {type(error).__name__}: {error} from {name}, kept as {kept}", flush=True)
            slowest = max(slowest, time.perf_counter() - began)
    print(f"{chosen.mutants} mutants, {unexpected} unexpected exceptions, slowest {slowest:.2f} s")
    print(", ".join(f"{code} {count}" for code, count in codes.most_common()))
    return 1 if unexpected or slowest > SLOW else 0


if __name__ == "__main__":
    raise SystemExit(main())
