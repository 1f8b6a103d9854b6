"""Storages and tensor views, checked against the bytes that are really there.

Protects against tensors that lie: a view past the end of its storage shows another tensor's bytes, and strides of
zero turn one number into terabytes.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqboard.readers.errors import ReadError, shown
from aqboard.readers.limits import Limits
from aqboard.readers.source import FileSource

DTYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(code)
    for name, code in {
        "float64": "<f8",
        "float32": "<f4",
        "float16": "<f2",
        "bfloat16": "<u2",  # numpy has no bfloat16: the bits, widened by `widened`
        "float8_e4m3fn": "u1",
        "float8_e5m2": "u1",
        "complex64": "<c8",
        "complex128": "<c16",
        "int64": "<i8",
        "int32": "<i4",
        "int16": "<i2",
        "int8": "i1",
        "uint64": "<u8",
        "uint32": "<u4",
        "uint16": "<u2",
        "uint8": "u1",
        "bool": "?",
    }.items()
}

STORAGE_DTYPES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
}

MAX_DIMENSIONS = 32
MAX_ELEMENTS = 1 << 48


@dataclass(slots=True, eq=False)
class Storage:
    """A run of `numel` elements: in memory (`data`), or at `offset` of the file it was read from."""

    dtype: str
    numel: int
    key: str
    data: bytes | memoryview | None = None
    offset: int = -1

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.numel * DTYPES[self.dtype].itemsize


@dataclass(slots=True, eq=False)
class TensorView:
    """A tensor: `shape` and `stride` (elements) over a storage, starting at element `start` of type `dtype`."""

    storage: Storage
    start: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: str

    @property
    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return DTYPES[self.dtype].itemsize

    @property
    def contiguous(self) -> bool:
        """True when the elements lie one after another in row-major order."""
        expected = 1
        for size, stride in zip(reversed(self.shape), reversed(self.stride), strict=True):
            if size != 1 and stride != expected:
                return False
            expected *= size
        return True

    def extent(self) -> int:
        """Elements of the storage from `start` to the last one the view touches."""
        reach = 1
        for size, step in zip(self.shape, self.stride, strict=True):
            if size == 0:
                return 0
            reach += (size - 1) * step
        return reach

    def raw(self, source: FileSource | None) -> bytes | memoryview:
        """Bytes of the storage from the view's first to its last element."""
        begin, count = self.start * self.itemsize, self.extent() * self.itemsize
        if self.storage.data is not None:
            return memoryview(self.storage.data)[begin : begin + count]
        if source is None or self.storage.offset < 0:
            raise ReadError(f"Storage {shown(self.storage.key)} has no data in this file.", code="bad-storage")
        return source.read(self.storage.offset + begin, count)

    def bits(self, source: FileSource | None = None) -> NDArray[Any]:
        """The elements as stored, shape `shape`; bfloat16 and float8 as unsigned integers."""
        kind = DTYPES[self.dtype]
        flat = np.frombuffer(self.raw(source), kind)
        if self.contiguous:
            return flat.reshape(self.shape)
        strides = [step * kind.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(flat, self.shape, strides, writeable=False)

    def values(self, source: FileSource | None = None) -> NDArray[Any]:
        """The elements as numbers; bfloat16 becomes float32, which holds every bfloat16 exactly."""
        bits = self.bits(source)
        if self.dtype == "bfloat16":
            return (bits.astype("<u4") << 16).view("<f4")
        return bits


def make_storage(type_name: str, key: object, numel: object) -> Storage:
    """A storage as a pickle describes it, its claims checked for type and range (`bad-storage`)."""
    if type_name not in STORAGE_DTYPES:
        raise ReadError(f"Unknown kind of storage {shown(type_name)}.", code="bad-storage")
    if type(key) is not str or not key.isascii() or not key.isdigit() or len(key) > 20:
        raise ReadError(f"A storage has the key {shown(key)}, which torch never writes.", code="bad-storage")
    if type(numel) is not int or not 0 <= numel < MAX_ELEMENTS:
        raise ReadError(f"Storage {key} claims {shown(numel)} elements.", code="bad-storage")
    return Storage(STORAGE_DTYPES[type_name], numel, key)


def make_view(
    storage: object, start: object, shape: object, stride: object, dtype: str | None, limits: Limits
) -> TensorView:
    """A view as a pickle describes it, held against its storage (`bad-tensor`, `bomb`)."""
    if type(storage) is not Storage:
        raise ReadError(f"A tensor is built on {shown(storage)} instead of a storage.", code="bad-tensor")
    if type(start) is not int or type(shape) is not tuple or type(stride) is not tuple:
        raise ReadError("A tensor's offset, shape or stride is not of the right type.", code="bad-tensor")
    if len(shape) != len(stride) or len(shape) > MAX_DIMENSIONS:
        raise ReadError(f"A tensor has {len(shape)} sizes and {len(stride)} strides.", code="bad-tensor")
    for number in (start, *shape, *stride):
        if type(number) is not int or not 0 <= number < MAX_ELEMENTS:
            raise ReadError(f"A tensor's offset, size or stride is {shown(number)}.", code="bad-tensor")
    view = TensorView(storage, start, shape, stride, dtype or storage.dtype)
    room = storage.numel if view.dtype == storage.dtype else storage.nbytes // view.itemsize
    end = start + view.extent()
    if end > room:
        raise ReadError(
            f"A tensor needs elements {start} to {end} of storage {storage.key}, which has {room}; "
            "loading it would show another tensor's bytes.",
            code="bad-tensor",
        )
    if view.numel > max(room, limits.expanded_elements):
        raise ReadError(
            f"A tensor of {view.numel} elements is spread over a storage of {room}; it is made to exhaust memory.",
            code="bomb",
        )
    return view
