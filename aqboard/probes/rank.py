"""One rank of a trial start: `python -m aqboard.probes.rank ATTEMPT.json RANK WORLD BACKEND MEETING OUT LIMIT_S`

Starts as the training does, compares the digests of its tensors with the other ranks', and writes `OUT/RANK.json`.
"""

import hashlib
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from aqboard.domain.attempt import Attempt
from aqboard.probes.bench import Bench
from aqboard.probes.context import Context
from aqboard.probes.target import StartsRanks
from aqboard.probes.team_code import observe


def main(attempt: str, rank: str, world: str, backend: str, meeting: str, out: str, limit_s: str) -> None:
    """Start, gather, write; an error of the team's code is written too, and ends the process with code 1."""
    number, size = int(rank), int(world)
    # What a launcher gives every task, for code that asks the environment.
    os.environ.update(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=world, LOCAL_WORLD_SIZE=world)
    torch.set_num_threads(1)
    if backend == "nccl":
        torch.cuda.set_device(number)
    timeout = timedelta(seconds=float(limit_s))
    dist.init_process_group(backend, init_method=f"file://{meeting}", rank=number, world_size=size, timeout=timeout)
    context = Context(Attempt.model_validate_json(Path(attempt).read_bytes()))
    report, error = observe(lambda: _report(context, number, size))
    _write(Path(out) / f"{rank}.json", report or {"error": error})
    if error:
        os._exit(1)  # others may wait for this rank for ever; nothing is left to tidy up
    dist.destroy_process_group()


def _report(context: Context, rank: int, world: int) -> dict[str, Any]:
    module = start(context, rank, world)
    digests = tensor_digests(module)
    everybody: list[dict[str, str]] = [{} for _ in range(world)]
    dist.all_gather_object(everybody, digests)
    first = everybody[0]
    file = {digest(tensor) for tensor in context.state.values()}
    return {
        "digest": hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest(),
        "tensors": len(digests),
        "from_file": len(file & set(digests.values())),
        "differing": sorted(key for key in first.keys() | digests.keys() if first.get(key) != digests.get(key)),
    }


def start(context: Context, rank: int, world: int) -> nn.Module:
    """One rank as the target starts it, or: built, and the checkpoint loaded."""
    if isinstance(context.target, StartsRanks):
        return context.target.start_rank(rank, world)
    return Bench(context).loaded(context.scan)


def tensor_digests(module: nn.Module) -> dict[str, str]:
    """SHA-256 of every tensor in the module's state dict; a wrapper such as DDP is looked through."""
    inner = module.module if isinstance(module, nn.parallel.DistributedDataParallel) else module
    return {key: digest(tensor) for key, tensor in inner.state_dict().items()}


def digest(tensor: Tensor) -> str:
    """SHA-256 over shape, type and bytes."""
    plain = tensor.detach().cpu().contiguous()
    head = f"{tuple(plain.shape)} {plain.dtype} ".encode()
    return hashlib.sha256(head + plain.view(-1).view(torch.uint8).numpy().tobytes()).hexdigest()


def _write(path: Path, report: dict[str, Any]) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(report), encoding="utf-8")
    partial.rename(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
