"""Start several ranks as the training does, each in a process of its own, and compare what they hold."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import torch

from aqboard.domain.evidence.training import RankReport, RanksEvidence
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import StartsRanks

WORLD = 2
"""Ranks: enough to see one that is not like rank 0, and each costs a process that imports torch."""

LIMIT_S = 600.0
"""A start takes seconds to minutes; ranks that wait for each other wait for ever."""

GRACE_S = 5.0
"""What the other ranks get to end by themselves after one has failed."""

POLL_S = 0.05

Backend = Literal["gloo", "nccl"]


def measure(context: Context, *, limit_s: float = LIMIT_S) -> RanksEvidence:
    """gloo on CPUs, nccl where there is a GPU for each rank; the ranks are stopped after `limit_s` seconds."""
    backend: Backend = "nccl" if torch.cuda.device_count() >= WORLD else "gloo"
    own, file_tensors = isinstance(context.target, StartsRanks), len(context.state)
    context.say(f"starting {WORLD} ranks over {backend}")
    with TemporaryDirectory(prefix="aqboard-ranks-") as folder:
        reports, hung = _run(context.attempt.model_dump_json(), Path(folder), backend, limit_s)
    return RanksEvidence(
        backend=backend,
        own_start=own,
        ranks=tuple(reports),
        file_tensors=file_tensors,
        hung_after_s=limit_s if hung else None,
    )


def _run(attempt: str, folder: Path, backend: Backend, limit_s: float) -> tuple[list[RankReport], bool]:
    """The report of each rank, and whether they had to be stopped because their time was over."""
    attempt_file = folder / "attempt.json"
    attempt_file.write_text(attempt, encoding="utf-8")
    processes = [_start(attempt_file, rank, backend, folder, limit_s) for rank in range(WORLD)]
    try:
        hung = _wait(processes, limit_s)
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                process.kill()
        codes = [process.wait() for process in processes]
    return _reports(folder, codes), hung


def _start(attempt: Path, rank: int, backend: Backend, folder: Path, limit_s: float) -> subprocess.Popen[bytes]:
    arguments = [attempt, rank, WORLD, backend, folder / "meeting", folder, limit_s]
    command = [sys.executable, "-m", "aqboard.probes.rank", *map(str, arguments)]
    # The ranks find the team's code where this process does.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in [str(Path.cwd()), *sys.path] if path)}
    with (folder / f"{rank}.log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)


def _wait(processes: Sequence[subprocess.Popen[bytes]], limit_s: float) -> bool:
    """Wait until all have ended, or one has failed and the others had their grace; True when the time was over."""
    until = time.monotonic() + limit_s
    failed = False
    while any(process.poll() is None for process in processes):
        if not failed and any(process.poll() not in (None, 0) for process in processes):
            failed, until = True, min(until, time.monotonic() + GRACE_S)
        if time.monotonic() > until:
            return not failed
        time.sleep(POLL_S)
    return False


def _reports(folder: Path, codes: Sequence[int]) -> list[RankReport]:
    """What each rank wrote, or how it ended; a rank that failed because another did is told as stopped."""
    written = [folder / f"{rank}.json" for rank in range(len(codes))]
    failed = [rank for rank, code in enumerate(codes) if code and written[rank].exists()]
    first = min(failed, key=lambda rank: written[rank].stat().st_mtime_ns, default=None)
    reports = []
    for rank, code in enumerate(codes):
        if written[rank].exists():
            report = RankReport(rank=rank, **json.loads(written[rank].read_text(encoding="utf-8")))
        else:
            lines = (folder / f"{rank}.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            report = RankReport(rank=rank, error=f"stopped (code {code}): {lines[-1] if lines else 'no message'}")
        if code and rank in failed and rank != first:
            report = report.model_copy(update={"error": f"stopped because rank {first} failed: {report.error}"})
        reports.append(report)
    return reports


PROBE = Probe(RanksEvidence, "Ranks side by side", measure)
