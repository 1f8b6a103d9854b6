"""The pickle machine: a stack, a memo, and symbols instead of objects.

Protects against code execution: a pickle is a program, and this machine runs it without the one power that makes
pickles dangerous. A name stays a `Global`, a call goes through a table of known constructors or becomes an
`Instance`, and no class of the file is ever touched.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aqboard.readers.checkpoints.tensors import Storage, TensorView
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.limits import Budget
from aqboard.readers.pickles.symbols import Global, Instance, NumpyArray, NumpyDtype
from aqboard.readers.pickles.vocabulary import Vocabulary

_SCALARS = frozenset((str, float, bool, bytes, type(None), Global, Instance))


class Stopped(Exception):
    """The STOP opcode was met; cheaper than asking after every opcode."""


class Machine:
    """State while one pickle is read. `run` gives its value; `position` is then the byte after STOP."""

    __slots__ = (
        "budget",
        "data",
        "marks",
        "memo",
        "position",
        "protocol",
        "resolve_storage",
        "stack",
        "vocabulary",
    )

    def __init__(
        self,
        data: bytes,
        vocabulary: Vocabulary,
        budget: Budget,
        *,
        start: int = 0,
        resolve_storage: Callable[[tuple[Any, ...]], Storage] | None = None,
    ) -> None:
        self.data = data
        self.position = start
        self.vocabulary = vocabulary
        self.budget = budget
        self.resolve_storage = resolve_storage
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.protocol: int | None = None

    def run(self, operations: tuple[Callable[["Machine"], None], ...]) -> Any:
        """Execute opcodes up to STOP and return the value; `operations` has one function per byte 0..255.

        Raises ReadError; every length was checked against the bytes present before it was used.
        """
        data = self.data
        executed = 0
        try:
            for executed in range(self.budget.opcodes_left()):  # noqa: B007
                opcode = data[self.position]
                self.position += 1
                operations[opcode](self)
            self.budget.refuse_opcodes()
        except Stopped:
            pass
        except (IndexError, struct.error):
            raise self._malformed() from None
        except KeyError as error:
            raise ReadError(
                f"The pickle refers to entry {shown(error.args[0])} of its memo before filling it "
                f"(byte {self.position}); it is damaged.",
                code="malformed",
            ) from None
        except (ValueError, TypeError, OverflowError) as error:
            raise ReadError(
                f"The pickle is damaged near byte {self.position}: {shown(str(error), 100)}.", code="malformed"
            ) from None
        finally:
            self.budget.opcodes += executed
        if len(self.stack) != 1 or self.marks:
            raise ReadError("The pickle leaves a stack that is not one value; it is damaged.", code="malformed")
        return self.stack.pop()

    def _malformed(self) -> ReadError:
        if self.position >= len(self.data):
            return ReadError(
                f"The pickle ends at byte {len(self.data)} without its STOP mark: it was cut short; copy it again.",
                code="truncated",
            )
        return ReadError(f"The pickle is damaged near byte {self.position}.", code="malformed")

    def take(self, count: int) -> bytes:
        """The next `count` bytes of the pickle (`truncated` when there are fewer)."""
        begin = self.position
        if count < 0 or begin + count > len(self.data):
            raise ReadError(
                f"The pickle wants {count} bytes at {begin}, {len(self.data) - begin} are left: it was cut short "
                "or damaged; copy it again.",
                code="truncated",
            )
        self.position = begin + count
        return self.data[begin : begin + count]

    def line(self) -> bytes:
        """The rest of the current text line (protocol 0), without its newline."""
        end = self.data.find(b"\n", self.position)
        if end < 0:
            raise ReadError("A text argument in the pickle has no end: it was cut short.", code="truncated")
        text = self.data[self.position : end]
        self.position = end + 1
        return text

    def pop_to_mark(self) -> list[Any]:
        """The values above the last mark, both removed."""
        begin = self.marks.pop()
        if len(self.stack) < begin:
            raise self._malformed()
        values = self.stack[begin:]
        del self.stack[begin:]
        return values

    def check_key(self, key: Any) -> None:
        """Refuse keys whose hash could be slow or forged: containers, huge integers, many tuples (`bad-key`)."""
        kind = type(key)
        if kind in _SCALARS:
            return
        if kind is int:
            if -(1 << 64) < key < 1 << 64:
                return
        elif kind is tuple and len(key) <= 16 and all(type(item) in _SCALARS or type(item) is int for item in key):
            self.budget.spend_tuple_key()
            for item in key:
                self.check_key(item)
            return
        raise ReadError(
            f"A dictionary or set in the file has {shown(key)} as key; such keys serve to stall a reader.",
            code="bad-key",
        )

    def call(self, function: Any, args: Any) -> Any:
        """REDUCE: a known constructor's value, or an Instance that describes the call."""
        if type(args) is not tuple or type(function) is not Global:
            raise ReadError(f"The pickle calls {shown(function)}, which is no named function.", code="bad-call")
        constructor = self.vocabulary.constructors.get((function.module, function.name))
        if constructor is not None:
            return constructor(self, args)
        return self.instance(function, args)

    def instance(self, cls: Any, args: Any) -> Instance:
        """NEWOBJ: a description of an object of `cls`."""
        if type(args) is not tuple or type(cls) is not Global:
            raise ReadError(f"The pickle makes an object of {shown(cls)}, which is no class.", code="bad-call")
        if not self.vocabulary.accepts_instance(cls):
            raise ReadError(f"The file holds a {cls}, which has no place in a scan cache.", code="unknown-global")
        self.budget.spend_objects(1)
        return Instance(cls, args)

    def build(self, target: Any, state: Any) -> None:
        """BUILD: give an object its state, as data."""
        if type(target) is Instance:
            target.state = state
        elif type(target) is NumpyArray or type(target) is NumpyDtype:
            target.set_state(state)
        elif not (type(target) is OrderedDict and type(state) is dict) and type(target) is not TensorView:
            # An OrderedDict's state is a state_dict's `_metadata`, a tensor's its Python attributes: not needed.
            raise ReadError(f"The pickle gives a state to {shown(target)}.", code="bad-call")
