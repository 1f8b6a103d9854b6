"""The ranks of the job as the guard talks to them, and the limit on waiting for one that is gone.

The guard uses the default process group, never a group of its own: that would mean a new communicator, at 400 ranks
seconds of set-up and memory on every GPU.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

from aqboard.guard.rows import RankRow, pack, unpack

TICK_S = 0.5


class Watchdog:
    """One quiet thread for a whole training; a limit costs two assignments and starts nothing.

    `give_up` is called in that thread when a limit has passed. It must end the process: the main thread may sit in a
    collective that nothing else can interrupt.
    """

    def __init__(self, seconds: float, give_up: Callable[[], None]) -> None:
        self._seconds, self._give_up = seconds, give_up
        self._deadline: float | None = None
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self) -> Iterator[None]:
        """What is inside may take as long as `seconds`."""
        self.within(self._seconds)
        try:
            yield
        finally:
            self.relax()

    def begin(self) -> None:
        """The limit runs from now on, until `relax`."""
        self.within(self._seconds)

    def relax(self) -> None:
        """No limit from now on."""
        self._deadline = None

    def within(self, seconds: float) -> None:
        """From now on the process has that long."""
        self._deadline = time.monotonic() + seconds
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="aqboard-guard-watchdog", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        while True:
            time.sleep(TICK_S)
            deadline = self._deadline
            if deadline is not None and time.monotonic() > deadline:
                self._give_up()
                return


def end_at_once(code: int) -> None:
    """End the process without waiting for anything."""
    os._exit(code)


class Ranks:
    """Gathers rows, and carries one small flag per step. With a single process nothing is sent."""

    def __init__(self, device: torch.device, watchdog: Watchdog) -> None:
        self._device, self._watchdog = device, watchdog
        self._joined = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        self.rank: int = dist.get_rank() if self._joined else 0
        self.world: int = dist.get_world_size() if self._joined else 1
        self._flag: tuple[Tensor, Callable[[], object]] | None = None

    def gather(self, row: RankRow, places: int) -> list[RankRow]:
        """Every rank's row, on every rank: one all-gather."""
        packed = pack(row, places)
        if not self._joined:
            return unpack(packed, places)
        mine = torch.frombuffer(bytearray(packed), dtype=torch.uint8).to(self._device)
        table = torch.empty(self.world, len(packed), dtype=torch.uint8, device=self._device)
        with self._watchdog.limit():
            dist.all_gather(list(table.unbind()), mine)
            return unpack(table.cpu().numpy().tobytes(), places)

    def send_flag(self, flag: Tensor) -> None:
        """Start an all-reduce (the largest wins) of an int32 scalar, and go on; `flag` fetches the answer."""
        if not self._joined:
            self._flag = flag, lambda: None
            return
        work = dist.all_reduce(flag, dist.ReduceOp.MAX, async_op=True)
        self._flag = flag, work.wait

    def flag(self) -> int:
        """The flag that was sent last, on all ranks the same; 0 when none is on its way."""
        if self._flag is None:
            return 0
        (flag, wait), self._flag = self._flag, None
        with self._watchdog.limit():
            wait()
            return int(flag.item())

    def after_rank_0(self) -> None:
        """Go on when rank 0 has come here: one broadcast. What rank 0 did before is then done."""
        if self._joined:
            token = torch.zeros(1, dtype=torch.int32, device=self._device)
            with self._watchdog.limit():
                dist.broadcast(token, 0)
                token.item()
