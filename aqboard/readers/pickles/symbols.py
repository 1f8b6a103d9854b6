"""What a pickle turns into here: names and descriptions, never imported objects.

All of these compare and hash by identity, so a file cannot make a comparison slow or ambiguous.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqboard.readers.errors import ReadError


@dataclass(frozen=True, slots=True, eq=False)
class Global:
    """A name the file asks to import, such as `torch._utils._rebuild_tensor_v2`; it stays a name."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a class that was not imported: constructor arguments, state, and items added to it."""

    cls: Global
    args: tuple[Any, ...] = ()
    state: Any = None
    items: list[Any] = field(default_factory=list)

    @property
    def attributes(self) -> dict[Any, Any]:
        """The instance's `__dict__` as pickled; empty where it has none."""
        for part in (self.state, *(self.state if type(self.state) is tuple else ())):
            if isinstance(part, dict):
                return part
        return {}


@dataclass(slots=True, eq=False)
class NumpyDtype:
    """A numpy dtype under construction, of a plain kind (no objects, no fields)."""

    code: str

    def set_state(self, state: Any) -> None:
        """Take the byte order from BUILD's tuple; fields, sub-arrays and objects are refused."""
        plain = type(state) is tuple and len(state) >= 5 and state[1] in ("<", ">", "|", "=")
        if not plain or any(part is not None for part in state[2:5]):
            raise ReadError("A numpy array in the file has records instead of numbers.", code="numpy-object")
        self.code = state[1] + self.code.lstrip("<>|=")


@dataclass(slots=True, eq=False)
class NumpyArray:
    """A numpy array under construction; BUILD brings its bytes."""

    values: NDArray[Any] | None = None

    def set_state(self, state: Any) -> None:
        """Take shape, dtype, order and bytes from BUILD's tuple."""
        if type(state) is not tuple or len(state) != 5:
            raise ReadError("A numpy array in the file has a state numpy never writes.", code="bad-array")
        _, shape, dtype, fortran, content = state
        self.values = numpy_array(shape, dtype, content, fortran=bool(fortran))

    def array(self) -> NDArray[Any]:
        """The array; ReadError (`bad-array`) when the file never gave its content."""
        if self.values is None:
            raise ReadError("A numpy array in the file has no content.", code="bad-array")
        return self.values


def numpy_array(shape: object, dtype: object, content: object, *, fortran: bool = False) -> NDArray[Any]:
    """An array over bytes of the file, its shape held against their number (`bad-array`, `numpy-object`)."""
    if type(dtype) is not NumpyDtype or type(content) not in (bytes, bytearray):
        raise ReadError(
            "A numpy array in the file holds Python objects; reading it would mean running a pickle.",
            code="numpy-object",
        )
    if type(shape) is not tuple or len(shape) > 32 or any(type(n) is not int or n < 0 for n in shape):
        raise ReadError("A numpy array in the file has a shape that is no shape.", code="bad-array")
    kind = np.dtype(dtype.code)
    wanted = math.prod(shape) * kind.itemsize
    if kind.itemsize == 0 or wanted != len(content):  # type: ignore[arg-type]
        raise ReadError(
            f"A numpy array of shape {shape} and type {kind} does not fit the bytes it comes with.",
            code="bad-array",
        )
    return np.frombuffer(content, kind).reshape(shape, order="F" if fortran else "C")  # type: ignore[call-overload,no-any-return]
