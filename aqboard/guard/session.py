"""One guarded training, seen from one rank: look, decide together, write down, end together."""

import sys
import time
from collections.abc import Callable
from typing import NoReturn

import torch

from aqboard.domain.job.guard_verdict import Stop
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.guard.judge import NAMED, Decision, Look, judge
from aqboard.guard.kill_switch import KillSwitch
from aqboard.guard.patience import Patience, end_at_once
from aqboard.guard.ranks import Ranks
from aqboard.guard.recorder import Recorder
from aqboard.guard.rows import Row

GRACE_S = 60.0
"""What the process gets to end by itself, loggers and data workers included; then it is ended."""


class Session:
    """Knows the manifest and the other ranks, and nothing of Lightning."""

    def __init__(self, manifest: LaunchManifest, device: torch.device) -> None:
        self.manifest = manifest
        self._exit_code = int(Stop.BROKEN)
        self.patience = Patience(manifest.guard.patience_s, self._give_up)
        self.ranks = Ranks(device, self.patience)
        self._device = device
        self.recorder = Recorder(manifest, self.ranks.world)
        self._switch = KillSwitch(manifest.kill_file, manifest.guard.poll_s) if self.ranks.rank == 0 else None
        self._loss: torch.Tensor | None = None

    @property
    def batches(self) -> tuple[int, ...]:
        """Samples in each batch of the signed subset; empty where no loss was signed."""
        return self.manifest.band.subset.batches if self.manifest.band else ()

    def look(self, at: Look, row: Callable[[], Row]) -> None:
        """Make this rank's row, decide with the others, and go on or end. A row that cannot be made is told, too."""
        began = time.perf_counter()
        try:
            mine = row()
        except Exception as error:  # every rank must come to the gathering, whatever the team's code raised
            mine = Row(int(Stop.BROKEN), f"{type(error).__name__}: {error}")
        places = max(1, -(-len(self.batches) // self.ranks.world))
        decision = judge(self.manifest, at, self.ranks.gather(mine, places))
        seconds = round(time.perf_counter() - began, 6)
        self.recorder.add(decision.check.model_copy(update={"seconds": seconds}))
        if decision.stop is not None:
            self._end(decision)
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

    def _explanation(self) -> Row:
        if self._loss is not None and not bool(self._loss.isfinite().all()):
            return Row(int(Stop.NOT_FINITE), f"the training loss is {self._loss.flatten()[0].item()}")
        if self._switch is not None and self._switch.set:
            return Row(int(Stop.KILL_SWITCH), self._switch.sentence)
        return Row()

    def broken(self, step: int, error: BaseException) -> None:
        """The training raised; what ends the process now is not the guard."""
        self.patience.relax()
        if self._switch is not None:
            self._switch.close()
            self.recorder.raised(step, error)

    def close(self, step: int) -> None:
        """The training is over."""
        if self._switch is not None:
            self._switch.close()
            self.recorder.finished(step)

    def _end(self, decision: Decision) -> NoReturn:
        """Rank 0 writes first, then all ranks end: `srun --kill-on-bad-exit` leaves rank 0 no time after the others."""
        code = self._exit_code = int(decision.stop or Stop.BROKEN)
        rank = self.ranks.rank
        if rank == 0:
            self.recorder.stopped(decision)
        if rank == 0 or rank in decision.ranks[:NAMED]:
            print(f"aqboard guard, rank {rank}: {decision.reason} Exit code {code}.", file=sys.stderr, flush=True)
        self.ranks.after_rank_0()
        # Somebody who stops a run on purpose may have a checkpoint written on the way out.
        self.patience.within(self.manifest.guard.patience_s if code == Stop.KILL_SWITCH else GRACE_S)
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
