"""The safetensors format: a JSON header, then the tensors without gaps.

Protects against headers that lie: entries must tile the data exactly, in range, each as long as its shape asks.
"""

import json
import math
from typing import Any

from aqboard.readers.checkpoints.tensors import DTYPES, MAX_DIMENSIONS, Storage, TensorView
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.limits import Limits
from aqboard.readers.source import FileSource

_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "C64": "complex64",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}


def looks_like_safetensors(head: bytes, size: int) -> bool:
    """True when a JSON object of a plausible length follows eight bytes."""
    return len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8


def read_safetensors(source: FileSource, limits: Limits) -> tuple[dict[str, TensorView], dict[str, str]]:
    """Tensors by name, pointing into the file, and the `__metadata__` strings (`bad-safetensors`)."""
    if source.size < 10:
        raise _bad("the file is shorter than a header")
    length = int.from_bytes(source.read(0, 8), "little")
    if length > limits.header_bytes or length > source.size - 8:
        raise _bad(f"the header claims {length} bytes of a file of {source.size}")
    header = _parse(source.read(8, length))
    metadata = header.pop("__metadata__", {})
    if type(metadata) is not dict or any(type(value) is not str for value in metadata.values()):
        raise _bad("its metadata is not text")
    begin = 8 + length
    tensors = {name: _entry(name, entry, begin) for name, entry in header.items()}
    reached = begin
    for view in sorted(tensors.values(), key=lambda view: (view.storage.offset, view.storage.nbytes)):
        if view.storage.offset != reached:
            raise _bad("its tensors overlap or leave gaps")
        reached += view.storage.nbytes
    if reached != source.size:
        raise _bad(f"its tensors end at byte {reached}, the file at {source.size}; it was cut or added to")
    return tensors, metadata


def _parse(text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise _bad("a name is there twice")
        return result

    try:
        header = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise _bad("its header is not JSON") from None
    if type(header) is not dict:
        raise _bad("its header is not a JSON object")
    return header


def _entry(name: str, entry: object, begin: int) -> TensorView:
    dtype = _TYPES.get(str(entry.get("dtype"))) if isinstance(entry, dict) else None
    shape, offsets = (entry.get("shape"), entry.get("data_offsets")) if isinstance(entry, dict) else (None, None)
    if dtype is None or type(shape) is not list or type(offsets) is not list or len(offsets) != 2:
        raise _bad(f"the entry {shown(name)} is not of the known form")
    numbers = [*shape, *offsets]
    if len(shape) > MAX_DIMENSIONS or any(type(n) is not int or not 0 <= n < 1 << 48 for n in numbers):
        raise _bad(f"the entry {shown(name)} has a size or offset that is none")
    numel = math.prod(shape)
    if offsets[1] - offsets[0] != numel * DTYPES[dtype].itemsize:
        raise _bad(f"the entry {shown(name)} has not as many bytes as its shape asks")
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    storage = Storage(dtype, numel, name, offset=begin + offsets[0])
    return TensorView(storage, 0, tuple(shape), tuple(strides), dtype)


def _bad(reason: str) -> ReadError:
    return ReadError(f"The safetensors file is refused: {reason}.", code="bad-safetensors")
