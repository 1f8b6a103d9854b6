"""Read the scalars of a TensorBoard event file, also while it is being written.

The file is a row of records: length (8 bytes, little-endian), its checksum, that many bytes, their checksum (each 4
bytes). A record is a protobuf `Event`. The last one may be torn, so reading stops before it. Records that hold images
or graphs are passed over by their length. The format is TensorFlow's `tensorflow/core/lib/io/record_writer.h`.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from aqboard.readers.errors import ReadError
from aqboard.readers.source import FileSource

MAX_RECORD = 64 << 10
"""Bytes; a record of scalars has some dozens."""
MAX_RECORDS = 5_000_000

_HEAD, _TAIL = 12, 4


class Scalar(NamedTuple):
    """One logged value."""

    step: int
    tag: str
    value: float


def read_scalars(source: FileSource, most_bytes: int) -> Iterator[Scalar]:
    """Every scalar among the first `most_bytes`, in the order of the file; not-a-number included.

    Ends where a record is torn or damaged. Raises ReadError: `not-an-event-file` when already the first one is,
    `no-reader` where the package tensorboard is not installed.
    """
    try:
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
        from tensorboard.compat.proto.event_pb2 import Event
    except ImportError:
        raise ReadError(
            f"{source.path} is a TensorBoard log; install the extra `logs` to read it, or name a CSV log in the plan.",
            code="no-reader",
        ) from None
    for body in _records(source, min(source.size, most_bytes)):
        try:
            event = Event.FromString(body)
        except DecodeError:
            return
        yield from _scalars(event)


def _records(source: FileSource, end: int) -> Iterator[bytes]:
    """The body of every whole record before `end` that is not too large to hold a scalar."""
    offset = 0
    for number in range(MAX_RECORDS):
        if offset + _HEAD > end:
            return
        head = source.read(offset, _HEAD)
        length, check = struct.unpack("<QI", head)
        if _masked_crc(head[:8]) != check:
            if number == 0:
                raise ReadError(f"{source.path} is not a TensorBoard event file, or damaged.", code="not-an-event-file")
            return
        start, offset = offset + _HEAD, offset + _HEAD + length + _TAIL
        if offset > end:
            return
        if length <= MAX_RECORD:
            body, check = source.read(start, length), int.from_bytes(source.read(start + length, _TAIL), "little")
            if _masked_crc(body) != check:
                return
            yield body


def _scalars(event: object) -> Iterator[Scalar]:
    for value in event.summary.value:  # type: ignore[attr-defined]
        kind = value.WhichOneof("value")
        if kind == "simple_value":
            yield Scalar(event.step, value.tag, value.simple_value)  # type: ignore[attr-defined]
        elif kind == "tensor" and len(value.tensor.float_val) == 1:
            yield Scalar(event.step, value.tag, value.tensor.float_val[0])  # type: ignore[attr-defined]


def _masked_crc(data: bytes) -> int:
    """The checksum as TensorFlow writes it: CRC-32C, rotated and shifted."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _table() -> tuple[int, ...]:
    """The byte table of CRC-32C (Castagnoli), reflected polynomial 0x82f63b78."""
    rows = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        rows.append(byte)
    return tuple(rows)


_TABLE = _table()
