"""Which names a file may mention, and what is made of each.

Safety does not rest on this list: nothing is ever imported or called. The list decides what is *accepted*: a cache
that mentions an unknown name is refused (strict), checkpoint metadata keeps it as a symbol with a warning (inspect),
and names whose only use in a pickle is to run code are refused in both.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aqboard.readers.checkpoints.tensors import DTYPES, STORAGE_DTYPES
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.pickles.symbols import Global

Mode = Literal["strict", "inspect"]
Constructor = Callable[[Any, tuple[Any, ...]], Any]

_IDENTIFIER = re.compile(r"[^\W\d]\w{0,99}(\.[^\W\d]\w{0,99}){0,15}", re.ASCII)

_RUNS_CODE = frozenset(
    {
        "os",
        "posix",
        "nt",
        "sys",
        "subprocess",
        "runpy",
        "importlib",
        "imp",
        "socket",
        "shutil",
        "ctypes",
        "pickle",
        "_pickle",
        "marshal",
        "code",
        "codeop",
        "pty",
        "commands",
        "webbrowser",
        "asyncio",
        "multiprocessing",
        "timeit",
        "pdb",
        "bdb",
        "cProfile",
        "profile",
        "pip",
        "idlelib",
        "ensurepip",
        "urllib",
        "http",
        "requests",
        "ftplib",
        "smtplib",
        "inspect",
        "gc",
        "signal",
        "threading",
        "_thread",
        "dill",
        "joblib",
        "cloudpickle",
        "site",
        "pydoc",
        "pkgutil",
        "zipimport",
        "sqlite3",
        "tempfile",
        "platform",
        "doctest",
        "trace",
        "ssl",
        "xmlrpc",
        "linecache",
        "fileinput",
        "glob",
        "logging",
        "venv",
        "lib2to3",
        "unittest",
        "pytest",
        "numpy.testing",
        "numpy.f2py",
        "torch.hub",
        "torch.utils.bottleneck",
        "torch.utils.collect_env",
        "torch.utils.cpp_extension",
        "torch.utils._config_module",
        "torch._inductor",
        "torch._dynamo",
        "torch.jit",
        "torch.fx.experimental",
        "torch.distributed.rpc",
    }
)

_BUILTINS_THAT_RUN_CODE = frozenset(
    {
        "eval",
        "exec",
        "execfile",
        "compile",
        "__import__",
        "open",
        "input",
        "breakpoint",
        "globals",
        "locals",
        "vars",
        "setattr",
        "delattr",
        "apply",
    }
)

_OTHERS_THAT_RUN_CODE = frozenset(
    {"torch.load", "torch.compile", "numpy.load", "numpy.loads", "numpy.fromfile", "numpy.memmap"}
    | {
        "torch.serialization.load",
        "pandas.read_pickle",
        "pandas.eval",
        "codecs.open",
        "io.open",
        "_io.open",
        "io.FileIO",
        "_io.FileIO",
    }
    | {"operator.methodcaller", "operator.attrgetter", "_operator.methodcaller", "_operator.attrgetter"}
)

_TYPES = (
    *("object", "type", "bool", "int", "long", "float", "complex"),
    *("str", "unicode", "bytes", "list", "tuple", "dict"),
)

CONSTANTS = frozenset(
    {("numpy", "ndarray"), ("numpy", "dtype"), ("torch.storage", "UntypedStorage"), ("torch.storage", "TypedStorage")}
    | {("torch", name) for name in STORAGE_DTYPES}
    | {("torch", name) for name in DTYPES}
    | {(builtins, name) for builtins in ("builtins", "__builtin__") for name in _TYPES}
)

# The team's scanner class was pickled under several module paths and from a notebook (`__main__`).
_CACHE_CLASS = re.compile(r"(Cached)?WindScann(er|ing)(Cache)?")


@dataclass(frozen=True)
class Vocabulary:
    """The names one reading accepts: constructors it knows, and what to do about all others."""

    mode: Mode
    constructors: Mapping[tuple[str, str], Constructor]
    warnings: list[str] = field(default_factory=list)
    seen: dict[tuple[str, str], Global] = field(default_factory=dict)

    def global_named(self, module: object, name: object, position: int) -> Global:
        """The symbol for `module.name`, accepted or refused once per file.

        Raises ReadError: `bad-global` for what is no name, `unsafe-global`, in strict mode `unknown-global`.
        """
        known = self.seen.get((module, name)) if type(module) is str and type(name) is str else None
        if known is not None:
            return known
        for part in (module, name):
            if type(part) is not str or not _IDENTIFIER.fullmatch(part):
                raise ReadError(
                    f"The name to import at byte {position} is {shown(part)}, which is no name; "
                    "the file is damaged or made to deceive.",
                    code="bad-global",
                )
        symbol = Global(str(module), str(name))
        self._judge(symbol, position)
        self.seen[symbol.module, symbol.name] = symbol
        return symbol

    def is_class_of_cache(self, symbol: Global) -> bool:
        """True for the scanner classes whose instances hold a cache."""
        return bool(_CACHE_CLASS.fullmatch(symbol.name))

    def accepts_instance(self, symbol: Global) -> bool:
        """Whether an instance of this class may stand in the result as a description."""
        return self.mode == "inspect" or self.is_class_of_cache(symbol)

    def _judge(self, symbol: Global, position: int) -> None:
        if (symbol.module, symbol.name) in self.constructors or (symbol.module, symbol.name) in CONSTANTS:
            return
        if runs_code(symbol):
            raise ReadError(
                f"The file asks to import {symbol} (byte {position}), which serves to run code. It was not run. "
                "Do not open this file with pickle or torch.load; ask who wrote it.",
                code="unsafe-global",
            )
        if self.is_class_of_cache(symbol):
            return
        if self.mode == "strict":
            raise ReadError(
                f"The file mentions {symbol} (byte {position}), which has no place in a scan cache.",
                code="unknown-global",
            )
        self.warnings.append(f"{symbol} was not imported; it is kept as a name")


def runs_code(symbol: Global) -> bool:
    """True for names whose use in a pickle is to run code, import modules or touch files."""
    if symbol.module in ("builtins", "__builtin__"):
        return symbol.name.split(".")[0] in _BUILTINS_THAT_RUN_CODE
    path = str(symbol)
    parts = path.split(".")
    prefixes = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return path in _OTHERS_THAT_RUN_CODE or not prefixes.isdisjoint(_RUNS_CODE)
