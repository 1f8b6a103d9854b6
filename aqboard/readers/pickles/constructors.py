"""The calls a cache or checkpoint is known to make, each rebuilt from its arguments alone.

Protects against calls that are not what they seem: every argument is checked for type and size, and whatever copies
data out of strings or lists of the file is charged to the budget, because an alias costs two bytes and a copy does not.
"""

import re
from collections import OrderedDict
from typing import Any

from aqboard.readers.checkpoints.tensors import DTYPES, TensorView, make_view
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.pickles.machine import Machine
from aqboard.readers.pickles.symbols import Global, Instance, NumpyArray, NumpyDtype, numpy_array
from aqboard.readers.pickles.vocabulary import Constructor

_DTYPE = re.compile(r"[<>|=]?[biufcSU?]\d{0,5}")


# torch


def tensor(m: Machine, args: tuple[Any, ...]) -> TensorView:
    """`_rebuild_tensor[_v2](storage, offset, size, stride, ...)`."""
    storage, offset, size, stride = args[:4]
    return make_view(storage, offset, size, stride, None, m.budget.limits)


def tensor_v3(m: Machine, args: tuple[Any, ...]) -> TensorView:
    """`_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype, ...)`."""
    storage, offset, size, stride, _, _, dtype = args[:7]
    if type(dtype) is not Global or dtype.module != "torch" or dtype.name not in DTYPES:
        raise ReadError(f"A tensor has the type {shown(str(dtype))}, which is not known.", code="bad-tensor")
    return make_view(storage, offset, size, stride, dtype.name, m.budget.limits)


def parameter(m: Machine, args: tuple[Any, ...]) -> TensorView:
    """`_rebuild_parameter[_with_state](tensor, ...)`: the tensor."""
    if not args or type(args[0]) is not TensorView:
        raise ReadError("A parameter in the file has no tensor.", code="bad-tensor")
    return args[0]


def tensor_subclass(m: Machine, args: tuple[Any, ...]) -> Any:
    """`_rebuild_from_type_v2(function, type, args, state)`: what the function builds, the subclass left out."""
    function, _, inner = args[:3]
    if type(function) is not Global or not function.name.startswith("_rebuild_"):
        raise ReadError("A tensor subclass is built by something else than torch.", code="bad-call")
    if function.name == "_rebuild_from_type_v2":
        raise ReadError("A tensor subclass is built from a tensor subclass.", code="bad-call")
    return m.call(function, inner)


def size(m: Machine, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """`torch.Size(sequence)`."""
    return tuple(_elements(m, args))


# collections and builtins


def ordered_dict(m: Machine, args: tuple[Any, ...]) -> OrderedDict[Any, Any]:
    """`OrderedDict([pairs])`."""
    m.budget.spend_objects(1)
    result: OrderedDict[Any, Any] = OrderedDict()
    for pair in _elements(m, args):
        if type(pair) not in (list, tuple) or len(pair) != 2:
            raise ReadError("An OrderedDict in the file is not built from pairs.", code="bad-call")
        m.check_key(pair[0])
        result[pair[0]] = pair[1]
    return result


def default_dict(m: Machine, args: tuple[Any, ...]) -> dict[Any, Any]:
    """`defaultdict(factory)`: a plain dict; the factory is never called."""
    m.budget.spend_objects(1)
    return {}


def members(m: Machine, args: tuple[Any, ...]) -> set[Any]:
    """`set(sequence)` and `frozenset(sequence)` of protocols 0 to 3."""
    m.budget.spend_objects(1)
    items = _elements(m, args)
    for item in items:
        m.check_key(item)
    return set(items)


def empty_bytes(m: Machine, args: tuple[Any, ...]) -> bytes:
    """`bytes()`: how protocols 0 to 2 write no bytes at all; never `bytes(count)`."""
    if args:
        raise ReadError("A bytes object in the file is made by a call.", code="bad-call")
    return b""


def byte_array(m: Machine, args: tuple[Any, ...]) -> bytearray:
    """`bytearray(bytes)`, and `bytearray(text, "latin-1")` of protocol 0 to 2; never `bytearray(count)`."""
    if not args:
        return bytearray()
    content = args[0].encode("latin-1") if type(args[0]) is str else args[0]
    if type(content) is not bytes:
        raise ReadError("A bytearray in the file is not built from bytes.", code="bad-call")
    m.budget.spend_bytes(len(content))
    return bytearray(content)


def complex_number(m: Machine, args: tuple[Any, ...]) -> complex:
    """`complex(real, imaginary)`."""
    real, imaginary = args
    return complex(float(real), float(imaginary))


def latin1_bytes(m: Machine, args: tuple[Any, ...]) -> bytes:
    """`_codecs.encode(text, "latin1")`: how protocols 0 to 2 write bytes."""
    if len(args) != 2 or type(args[0]) is not str or args[1] != "latin1":
        raise ReadError("The file encodes text in a way pickle never does.", code="bad-call")
    m.budget.spend_bytes(len(args[0]))
    return args[0].encode("latin-1")


def reconstructed(m: Machine, args: tuple[Any, ...]) -> Instance:
    """`copyreg._reconstructor(cls, object, None)`: an instance in protocols 0 and 1."""
    if len(args) != 3 or type(args[1]) is not Global or args[1].name != "object" or args[2] is not None:
        raise ReadError("An object in the file is rebuilt from something else than `object`.", code="bad-call")
    return m.instance(args[0], ())


def described(cls: Global) -> Constructor:
    """A constructor that keeps a harmless value (a path, a date, a device) as a description."""

    def describe(m: Machine, args: tuple[Any, ...]) -> Instance:
        m.budget.spend_objects(1)
        return Instance(cls, args)

    return describe


# numpy


def numpy_dtype(m: Machine, args: tuple[Any, ...]) -> NumpyDtype:
    """`numpy.dtype(code, ...)` for numbers and fixed-size text."""
    if not args or type(args[0]) is not str or not _DTYPE.fullmatch(args[0]):
        raise ReadError(
            f"A numpy array in the file has the type {shown(args[0] if args else None)}; only numbers are read.",
            code="numpy-object",
        )
    return NumpyDtype(args[0])


def numpy_empty(m: Machine, args: tuple[Any, ...]) -> NumpyArray:
    """`numpy._core.multiarray._reconstruct(...)`: an array that BUILD will fill."""
    m.budget.spend_objects(1)
    return NumpyArray()


def numpy_scalar(m: Machine, args: tuple[Any, ...]) -> Any:
    """`numpy._core.multiarray.scalar(dtype, bytes)`: a plain Python number."""
    dtype, content = args
    return numpy_array((), dtype, content).item()


def numpy_buffer(m: Machine, args: tuple[Any, ...]) -> NumpyArray:
    """`numpy._core.numeric._frombuffer(buffer, dtype, shape, order)` of protocol 5."""
    content, dtype, shape, order = args
    return NumpyArray(numpy_array(shape, dtype, content, fortran=order == "F"))


def _elements(m: Machine, args: tuple[Any, ...]) -> list[Any] | tuple[Any, ...]:
    """The one sequence argument of a collection, charged as a copy."""
    if not args:
        return ()
    if len(args) != 1 or type(args[0]) not in (list, tuple):
        raise ReadError("A collection in the file is not built from a list.", code="bad-call")
    m.budget.spend_objects(len(args[0]))
    return args[0]  # type: ignore[no-any-return]


_DESCRIBED = (
    *(
        Global(module, name)
        for module in ("pathlib", "pathlib._local")
        for name in ("PosixPath", "WindowsPath", "PurePosixPath", "Path")
    ),
    *(Global("datetime", name) for name in ("datetime", "date", "time", "timedelta", "timezone")),
    Global("torch", "device"),
    Global("argparse", "Namespace"),
    Global("types", "SimpleNamespace"),
    Global("lightning.fabric.utilities.data", "AttributeDict"),
    Global("lightning.pytorch.utilities.parsing", "AttributeDict"),
    Global("lightning_fabric.utilities.data", "AttributeDict"),
    Global("pytorch_lightning.utilities.parsing", "AttributeDict"),
)

CONSTRUCTORS: dict[tuple[str, str], Constructor] = {
    ("torch._utils", "_rebuild_tensor"): tensor,
    ("torch._utils", "_rebuild_tensor_v2"): tensor,
    ("torch._utils", "_rebuild_tensor_v3"): tensor_v3,
    ("torch._utils", "_rebuild_parameter"): parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): parameter,
    ("torch._tensor", "_rebuild_from_type_v2"): tensor_subclass,
    ("torch", "Size"): size,
    ("collections", "OrderedDict"): ordered_dict,
    ("collections", "defaultdict"): default_dict,
    ("_codecs", "encode"): latin1_bytes,
    ("copyreg", "_reconstructor"): reconstructed,
    ("copy_reg", "_reconstructor"): reconstructed,
    ("numpy", "dtype"): numpy_dtype,
    **{
        (f"numpy.{core}.{module}", name): constructor
        for core in ("core", "_core")
        for module, name, constructor in (
            ("multiarray", "_reconstruct", numpy_empty),
            ("multiarray", "scalar", numpy_scalar),
            ("numeric", "_frombuffer", numpy_buffer),
        )
    },
    **{
        (builtins, name): constructor
        for builtins in ("builtins", "__builtin__")
        for name, constructor in (
            ("set", members),
            ("frozenset", members),
            ("bytes", empty_bytes),
            ("bytearray", byte_array),
            ("complex", complex_number),
        )
    },
    **{(cls.module, cls.name): described(cls) for cls in _DESCRIBED},
}
