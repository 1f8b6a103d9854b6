"""NumPy's .npz archives.

Protects against archives that inflate without end and against object arrays, which are pickles in disguise.
"""

import math
import re
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqboard.readers.checkpoints.zipdir import DEFLATED, Member
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.limits import Limits
from aqboard.readers.source import FileSource

_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    r"\{'descr': (?P<descr>'[<>|=]?[biufcSU]\d{1,5}'|'\|b1'|'\|O'|\[.*\]), 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>(?:\d{1,18}, ?)*(?:\d{1,18})?)\), \}\s*"
)


def is_npz(members: dict[str, Member]) -> bool:
    """True when every member is a `.npy` file."""
    return bool(members) and all(name.endswith(".npy") for name in members)


def read_npz(source: FileSource, members: dict[str, Member], limits: Limits) -> dict[str, NDArray[Any]]:
    """All arrays by name (`bomb`, `crc`, `bad-array`, `numpy-object`)."""
    total = sum(member.size for member in members.values())
    if total > limits.inflated_bytes:
        raise ReadError(f"The archive would inflate to {total >> 20} MB; no scan cache is so large.", code="bomb")
    return {name.removesuffix(".npy"): _read_npy(_inflate(source, member), name) for name, member in members.items()}


def _inflate(source: FileSource, member: Member) -> bytes:
    stored = source.read(member.offset, member.stored_size)
    content = stored
    if member.method == DEFLATED:
        inflater = zlib.decompressobj(-15)
        try:
            content = inflater.decompress(stored, member.size + 1)
        except zlib.error as error:
            raise ReadError(f"Array {shown(member.name)} cannot be inflated: {error}.", code="bad-zip") from None
    if len(content) != member.size:
        raise ReadError(f"Array {shown(member.name)} is not as long as the archive says.", code="bomb")
    if zlib.crc32(content) != member.crc:
        raise ReadError(f"Array {shown(member.name)} is damaged (checksum differs); copy it again.", code="crc")
    return content


def _read_npy(content: bytes, name: str) -> NDArray[Any]:
    """One array; the header is matched as text, never evaluated."""
    wide = content[6:7] in (b"\x02", b"\x03")
    start = 12 if wide else 10
    if content[:6] != _MAGIC or content[6:7] not in (b"\x01", b"\x02", b"\x03") or len(content) < start:
        raise ReadError(f"Member {shown(name)} is no numpy array.", code="bad-array")
    data_at = start + int.from_bytes(content[8:start], "little")
    header = _HEADER.fullmatch(content[start : min(data_at, 10_000)].decode("latin-1"))
    if header is None:
        raise ReadError(f"Array {shown(name)} has a header numpy never writes.", code="bad-array")
    descr = header["descr"].strip("'")
    if descr.startswith("[") or descr.endswith("O"):
        raise ReadError(f"Array {shown(name)} holds objects or records; only numbers are read.", code="numpy-object")
    kind = np.dtype(descr)
    shape = tuple(int(n) for n in header["shape"].replace(" ", "").split(",") if n)
    if len(shape) > 32 or kind.itemsize == 0 or math.prod(shape) * kind.itemsize != len(content) - data_at:
        raise ReadError(f"Array {shown(name)} claims shape {shape}, its bytes do not fit it.", code="bad-array")
    flat: NDArray[Any] = np.frombuffer(content, kind, offset=data_at)
    return flat.reshape(shape[::-1]).T if header["fortran"] == "True" else flat.reshape(shape)
