"""What guard and preflight cost: measured at 2 to 16 ranks on this machine, and modelled for 400 and 4000.

The ranks talk over gloo on the loopback, several to a core, so their times are upper bounds for one node; what grows
with the number of ranks is what the table is for. docs/scale.md says what the model assumes.
"""

import argparse
import math
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch
import torch.distributed as dist
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.lightning_module import TopoFlowModule
from aqboard_reference.topoflow.normalisation import Normalisation, VariableStatistics

from aqboard.guard.ranks import Ranks, Watchdog, end_at_once
from aqboard.guard.rows import COMPARED, RankRow, width
from aqboard.guard.weights import not_finite, weights_digest
from benchmarks.timing import duration, machine
from tests.guard.manifests import manifest, signed_file

MEASURED = (2, 4, 8, 16)
MODELLED = (400, 4000)
GPUS_PER_NODE = 8
HOP_S = 10e-6
"""Assumed time of one small message between two GPUs of different nodes, library included."""
BYTES_PER_S = 10e9
"""Assumed rate at which one rank receives."""


def on_rank(rank: int, world: int, port: int, repeats: int, out: Path) -> None:
    """Time a look, a step's flag and the last broadcast; rank 0 writes the medians."""
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=world)
    ranks = Ranks(torch.device("cpu"), Watchdog(600, lambda: end_at_once(47)))
    row = RankRow(0, "", COMPARED, bytes(32), ((0.35, 2),), 0.2)

    def flag() -> None:
        ranks.send_flag(torch.zeros((), dtype=torch.int32))
        ranks.flag()

    work: tuple[Callable[[], object], ...] = (lambda: ranks.gather(row, 1), flag, ranks.after_rank_0)
    medians = [_median(each, repeats) for each in work]
    if rank == 0:
        out.write_text(" ".join(map(str, medians)))
    dist.destroy_process_group()


def _median(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        dist.barrier()
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def rounds(world: int, repeats: int) -> list[float]:
    """Seconds of a look, a flag, a broadcast among that many processes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["torch.distributed", "aqboard.guard.ranks", "aqboard_reference.topoflow.lightning_module"]
    )
    with socket.socket() as listener, tempfile.TemporaryDirectory() as folder:
        listener.bind(("127.0.0.1", 0))
        port, out = listener.getsockname()[1], Path(folder) / "medians"
        listener.close()
        processes = [context.Process(target=on_rank, args=(r, world, port, repeats, out)) for r in range(world)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        return [float(value) for value in out.read_text().split()]


def modelled(world: int) -> list[float]:
    """The same by the model: a ring for the all-gather, trees for the small ones."""
    hops = math.ceil(math.log2(world))
    gather = (world - 1) * (HOP_S + width(1) / BYTES_PER_S)
    return [gather, 2 * hops * HOP_S, hops * HOP_S]


def ranks_table(repeats: int) -> list[str]:
    """Rounds, bytes and seconds by number of ranks."""
    lines = [
        "| ranks | | bytes a rank sends / receives at a look | a look's all-gather | a batch's flag (4 bytes) | "
        "last broadcast |",
        "|---|---|---|---|---|---|",
    ]
    table = [(world, "measured", rounds(world, repeats)) for world in MEASURED]
    table += [(world, "modelled", modelled(world)) for world in MODELLED]
    for world, how, times in table:
        received = width(1) * world
        lines.append(f"| {world} | {how} | {width(1)} / {received:,} | {' | '.join(map(duration, times))} |")
    return lines


def weights_table() -> list[str]:
    """One rank's own work at a look, at real size."""
    config = ModelConfig()
    statistics = {name: VariableStatistics(mean=0.0, std=1.0) for name in config.variables}
    module = TopoFlowModule(config, Normalisation(variables=statistics))
    size = sum(value.numel() * value.element_size() for value in module.state_dict().values())
    lines = ["| a rank's own work at a look, 52.5 million parameters | seconds |", "|---|---|"]
    works: tuple[tuple[str, Callable[[], object]], ...] = (
        ("SHA-256 of all weights", lambda: weights_digest(module, buffers=True)),
        ("all weights finite", lambda: not_finite(module)),
    )
    for what, work in works:
        began = time.perf_counter()
        work()
        lines.append(f"| {what} ({size / 1e6:.0f} MB) | {duration(time.perf_counter() - began)} |")
    return lines


def preflight_table(large_mb: int) -> list[str]:
    """Seconds, opens and bytes of preflight on one node."""
    lines = [
        "| preflight on one node | seconds | files opened after start | bytes read |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scan_cache.pkl").write_bytes(os.urandom(6_648_177))
        (folder / "best.ckpt").write_bytes(os.urandom(large_mb * 1_000_000))
        made = manifest(
            folder, inputs=(signed_file(folder / "best.ckpt"), signed_file(folder / "scan_cache.pkl", "scan.cache"))
        )
        path = folder / "manifest.json"
        path.write_text(made.text)
        for what, node, read in (
            (f"first node: {large_mb} MB checkpoint hashed", "0", large_mb * 1e6 + 6.65e6),
            ("every other node: its size and time", "1", 6.65e6),
        ):
            taken, opened = preflight(path, made.sha256, node)
            lines.append(f"| {what} | {taken:.2f} | {opened} | {(read + path.stat().st_size) / 1e6:.1f} MB |")
    return lines


def preflight(path: Path, sha256: str, node: str) -> tuple[float, int]:
    """(seconds of the whole process, files that it opens itself): imports are Python's, and counted apart."""
    counting = (
        "import sys\nfrom aqboard.guard.preflight import main\nopened = []\n"
        "sys.addaudithook(lambda event, args: event == 'open' and not isinstance(args[0], int) and opened.append(1))\n"
        "status = main(sys.argv[1:])\nprint(len(opened))\nsys.exit(status)"
    )
    environment = {**os.environ, "SLURM_NODEID": node}
    arguments = [str(path), "--sha256", sha256]
    command = [sys.executable, "-c", counting, *arguments]
    counted = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "aqboard.guard.preflight", *arguments], env=environment, check=True)
    return time.perf_counter() - began, int(counted.stdout)


def modules_imported(statement: str) -> int:
    """Modules from files that a statement imports."""
    program = f"import sys\n{statement}\nprint(sum(hasattr(m, '__file__') for m in sys.modules.values()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="repeat less, on smaller files")
    quick = parser.parse_args().quick
    lightning = modules_imported("import lightning.pytorch")
    guard = modules_imported("import lightning.pytorch, aqboard.guard.for_lightning") - lightning
    parts = [
        [f"{machine()}, torch {torch.__version__}, gloo, {datetime.now(UTC):%Y-%m-%d}"],
        ranks_table(20 if quick else 200),
        weights_table(),
        preflight_table(100 if quick else 600),
        [
            f"Python modules: preflight imports {modules_imported('import aqboard.guard.preflight')}; the guard adds "
            f"{guard} to the {lightning} of `import lightning.pytorch`."
        ],
    ]
    print("\n\n".join("\n".join(part) for part in parts))


if __name__ == "__main__":
    main()
