"""The ranks of the job as the guard talks to them: the default process group, never a group of its own.

A new group would mean a new communicator: at 400 ranks seconds of set-up, and memory on every GPU.
"""

from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor

from aqboard.guard.patience import Patience
from aqboard.guard.rows import Row, pack, unpack


class Ranks:
    """Gathers rows, and carries one small flag per step. With a single process nothing is sent."""

    def __init__(self, device: torch.device, patience: Patience) -> None:
        self._device, self._patience = device, patience
        self._joined = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        self.rank: int = dist.get_rank() if self._joined else 0
        self.world: int = dist.get_world_size() if self._joined else 1
        self._flag: tuple[Tensor, Callable[[], object]] | None = None

    def gather(self, row: Row, places: int) -> list[Row]:
        """Every rank's row, on every rank: one all-gather."""
        packed = pack(row, places)
        if not self._joined:
            return unpack(packed, places)
        mine = torch.frombuffer(bytearray(packed), dtype=torch.uint8).to(self._device)
        table = torch.empty(self.world, len(packed), dtype=torch.uint8, device=self._device)
        with self._patience.limit():
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
        with self._patience.limit():
            wait()
            return int(flag.item())

    def after_rank_0(self) -> None:
        """Go on when rank 0 has come here: one broadcast. What rank 0 did before is then done."""
        if self._joined:
            token = torch.zeros(1, dtype=torch.int32, device=self._device)
            with self._patience.limit():
                dist.broadcast(token, 0)
                token.item()
