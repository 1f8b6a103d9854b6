"""What one rank says at a check: a row of bytes of the same length on every rank, so that one all-gather brings all.

Every rank then judges the same table by the same pure function, and so comes to the same decision without a second
round.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = struct.Struct("<HBB32sd")  # code, weights, losses given, digest of the weights, seconds of a batch
_LOSS = struct.Struct("<dI")  # loss, samples
TEXT_BYTES = 160
"""Of the message: enough for an exception's first line."""

NOT_COMPARED, COMPARED, SHARDED = range(3)


@dataclass(frozen=True)
class RankRow:
    """One rank's part. `code` is a `Stop`, or 0; `text` says why. A rank that broke still sends its row."""

    code: int = 0
    text: str = ""
    weights: int = NOT_COMPARED
    digest: bytes = bytes(32)
    """SHA-256 over names and bytes of this rank's weights."""
    losses: tuple[tuple[float, int], ...] = ()
    """(loss, samples) of each batch that this rank took."""
    batch_s: float = 0.0
    """Median seconds of a training batch since the last check; 0 where none was timed."""


def width(places: int) -> int:
    """Bytes of a row with room for that many losses."""
    return _HEAD.size + TEXT_BYTES + places * _LOSS.size


def pack(row: RankRow, places: int) -> bytes:
    """The row in `width(places)` bytes."""
    if len(row.losses) > places:
        raise ValueError(f"{len(row.losses)} losses do not fit into a row with room for {places}")
    text = row.text.encode(errors="replace")[:TEXT_BYTES].ljust(TEXT_BYTES, b"\0")
    head = _HEAD.pack(row.code, row.weights, len(row.losses), row.digest, row.batch_s)
    losses = b"".join(_LOSS.pack(*loss) for loss in row.losses)
    return head + text + losses.ljust(places * _LOSS.size, b"\0")


def unpack(table: bytes, places: int) -> list[RankRow]:
    """The rows of all ranks, in the order of the ranks."""
    size = width(places)
    return [_row(table[start : start + size]) for start in range(0, len(table), size)]


def _row(content: bytes) -> RankRow:
    code, weights, count, digest, batch_s = _HEAD.unpack_from(content)
    text = content[_HEAD.size : _HEAD.size + TEXT_BYTES].rstrip(b"\0").decode(errors="ignore")
    first = _HEAD.size + TEXT_BYTES
    losses = tuple(_LOSS.unpack_from(content, first + i * _LOSS.size) for i in range(count))
    return RankRow(code, text, weights, digest, losses, batch_s)


def share(rank: int, world: int, batches: Sequence[int]) -> tuple[int, ...]:
    """Which batches of the subset this rank takes: equally many on every rank, and each batch at least once.

    With more ranks than batches one each, so that every rank's own settings are tried; the time is that of one batch.
    """
    places = -(-len(batches) // world)
    return tuple((rank + turn * world) % len(batches) for turn in range(places))
