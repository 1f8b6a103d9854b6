"""One guarded training, seen from one rank: look, decide together, write down, end together."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import torch

from aqboard.domain.job.guard_verdict import Stop
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.domain.words import printable
from aqboard.guard.judge import NAMED, GuardOutcome, Look, judge
from aqboard.guard.ranks import Ranks, Watchdog, end_at_once
from aqboard.guard.rows import RankRow
from aqboard.guard.signed_files import exists
from aqboard.guard.verdict import Recorder

logger = logging.getLogger(__name__)

GRACE_S = 60.0
"""What the process gets to end by itself, loggers and data workers included; then it is ended."""
REASON_BYTES = 200
"""Read of the kill switch; it is one sentence of a person."""


class GuardedRun:
    """Knows the manifest and the other ranks, and nothing of Lightning."""

    def __init__(self, manifest: LaunchManifest, device: torch.device) -> None:
        self.manifest = manifest
        self._exit_code = int(Stop.BROKEN)
        self.watchdog = Watchdog(manifest.guard.patience_s, self._give_up)
        self.ranks = Ranks(device, self.watchdog)
        self._device = device
        self.recorder = Recorder(manifest, self.ranks.world)
        self._switch = KillSwitch(manifest.kill_file, manifest.guard.poll_s) if self.ranks.rank == 0 else None
        self._loss: torch.Tensor | None = None

    @property
    def batches(self) -> tuple[int, ...]:
        """Samples in each batch of the signed subset; empty where no loss was signed."""
        return self.manifest.band.subset.batches if self.manifest.band else ()

    def look(self, at: Look, row: Callable[[], RankRow]) -> None:
        """Make this rank's row, decide with the others, and go on or end. A row that cannot be made is told, too."""
        began = time.perf_counter()
        try:
            mine = row()
        except Exception as error:  # every rank must come to the gathering, whatever the team's code raised
            logger.info("rank %d could not make its row", self.ranks.rank, exc_info=True)
            mine = RankRow(int(Stop.BROKEN), f"{type(error).__name__}: {error}")
        places = max(1, -(-len(self.batches) // self.ranks.world))
        outcome = judge(self.manifest, at, self.ranks.gather(mine, places))
        seconds = round(time.perf_counter() - began, 6)
        self.recorder.add(outcome.check.model_copy(update={"seconds": seconds}))
        if outcome.stop is None:
            logger.debug("%s", outcome)
        else:
            logger.info("%s", outcome)
            self._end(outcome)
        if self.ranks.rank == 0:
            self.recorder.goes_on()

    def tell(self, loss: torch.Tensor | None) -> None:
        """Start telling the others whether this rank's loss is finite, and rank 0 whether the kill switch is set."""
        value = int(Stop.KILL_SWITCH) if self._switch is not None and self._switch.set else 0
        # Nothing here waits for the GPU: the flag is filled there, and the loss is not looked at.
        flag = torch.full((), value, dtype=torch.int32, device=self._device)
        if loss is not None:
            bad = (~loss.detach().isfinite()).any().to(self._device, torch.int32)
            flag = torch.maximum(flag, bad * int(Stop.NOT_FINITE))
        self._loss = loss.detach() if loss is not None else None
        self.ranks.send_flag(flag)

    def listen(self, step: int) -> None:
        """Hear what was told last; end when something was."""
        if self.ranks.flag():
            self.look(Look("step", step), self._explanation)

    def _explanation(self) -> RankRow:
        if self._loss is not None and not bool(self._loss.isfinite().all()):
            return RankRow(int(Stop.NOT_FINITE), f"the training loss is {self._loss.flatten()[0].item()}")
        if self._switch is not None and self._switch.set:
            return RankRow(int(Stop.KILL_SWITCH), self._switch.sentence)
        return RankRow()

    def broken(self, step: int, error: BaseException) -> None:
        """The training raised; what ends the process now is not the guard."""
        logger.info("the training raised after step %d: %r", step, error)
        self.watchdog.relax()
        if self._switch is not None:
            self._switch.close()
            self.recorder.raised(step, error)

    def close(self, step: int) -> None:
        """The training is over."""
        if self._switch is not None:
            self._switch.close()
            self.recorder.finished(step)

    def _end(self, outcome: GuardOutcome) -> NoReturn:
        """Rank 0 writes first, then all ranks end: `srun --kill-on-bad-exit` leaves rank 0 no time after the others."""
        code = self._exit_code = int(outcome.stop or Stop.BROKEN)
        rank = self.ranks.rank
        if rank == 0:
            self.recorder.stopped(outcome)
        if rank == 0 or rank in outcome.ranks[:NAMED]:
            print(f"aqboard guard, rank {rank}: {outcome.reason} Exit code {code}.", file=sys.stderr, flush=True)
        self.ranks.after_rank_0()
        # Somebody who stops a run on purpose may have a checkpoint written on the way out.
        self.watchdog.within(self.manifest.guard.patience_s if code == Stop.KILL_SWITCH else GRACE_S)
        raise SystemExit(code)

    def _give_up(self) -> None:
        if self._exit_code == Stop.BROKEN:
            waited = self.manifest.guard.patience_s
            if self.ranks.rank == 0:
                self.recorder.gave_up(waited)
            told = (
                f"aqboard guard, rank {self.ranks.rank}: no progress for {waited:.0f} s. Exit code {self._exit_code}."
            )
            print(told, file=sys.stderr, flush=True)
        end_at_once(self._exit_code)


class KillSwitch:
    """Looks in a thread of its own, on rank 0 alone: a file system that hangs then does not hang the training."""

    def __init__(self, path: Path, every_s: float) -> None:
        self._path, self._every_s = path, every_s
        self._stop = threading.Event()
        self.set = exists(path)
        threading.Thread(target=self._watch, name="aqboard-guard-kill-switch", daemon=True).start()

    def _watch(self) -> None:
        while not self.set and not self._stop.wait(self._every_s):
            self.set = exists(self._path)
        logger.debug("no longer looking for %s; set: %s", self._path, self.set)

    def close(self) -> None:
        """Look no more."""
        self._stop.set()

    @property
    def sentence(self) -> str:
        """What was asked for, with the reason if one was written into the file."""
        try:
            with self._path.open("rb") as file:
                why = printable(file.read(REASON_BYTES).decode(errors="replace").strip())
        except OSError as error:
            logger.debug("the kill switch cannot be read: %s", error)
            why = ""
        return f"the kill switch {self._path} is set" + (f": {why}" if why else "; nobody wrote into it why")
