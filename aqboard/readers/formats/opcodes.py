"""What each pickle opcode does to the machine, protocols 0 to 5.

Protects against opcode tricks: whatever is missing from `_TABLE` (INST and OBJ, which construct classes; EXT, PERSID
and out-of-band buffers, which reach outside the file) is refused by name. Also against lengths that promise more than
the file has, integers of a million digits, and containers without end.
"""

import pickletools
import struct
from collections.abc import Callable
from typing import Any

from aqboard.readers.errors import ReadError
from aqboard.readers.formats.machine import Machine, Stopped

Operation = Callable[[Machine], object]
Read = Callable[[Machine], Any]

_NAMES = {ord(opcode.code): opcode.name for opcode in pickletools.opcodes}


# Numbers and text


def _unpacked(layout: str) -> Read:
    """A function that reads one fixed-size number and moves on."""
    form = struct.Struct(layout)
    unpack, size = form.unpack_from, form.size

    def read(m: Machine) -> Any:
        (number,) = unpack(m.data, m.position)
        m.position += size
        return number

    return read


_uint1, _uint2, _uint4, _uint8 = (_unpacked(layout) for layout in ("<B", "<H", "<I", "<Q"))
_int4, _float8 = _unpacked("<i"), _unpacked(">d")


def _constant(value: Any) -> Operation:
    return lambda m: m.stack.append(value)


def _push(read: Read) -> Operation:
    return lambda m: m.stack.append(read(m))


def _binint1(m: Machine) -> None:
    m.stack.append(m.data[m.position])
    m.position += 1


def _push_bytes(length: Read) -> Operation:
    return lambda m: m.stack.append(m.take(length(m)))


def _push_text(length: Read, encoding: str, errors: str = "strict") -> Operation:
    return lambda m: m.stack.append(m.take(length(m)).decode(encoding, errors))


def _push_long(length: Read) -> Operation:
    def push(m: Machine) -> None:
        count = length(m)
        if count > m.budget.limits.integer_bytes:
            raise ReadError(f"The pickle holds an integer of {count} bytes.", code="bomb")
        m.stack.append(int.from_bytes(m.take(count), "little", signed=True))

    return push


def _numeral(m: Machine) -> bytes:
    """The text of a number, its length bounded: parsing digits takes quadratic time."""
    text = m.line()
    if len(text) > m.budget.limits.integer_bytes:
        raise ReadError(f"The pickle holds a number of {len(text)} digits.", code="bomb")
    return text


def _index_text(m: Machine) -> int:
    return int(_numeral(m))


def _int_text(m: Machine) -> int:
    text = _numeral(m)
    return text == b"01" if text in (b"00", b"01") else int(text)  # a truth value is written with two digits


def _string_text(m: Machine) -> str:
    """Quoted text; escapes are left as they are."""
    text = m.line()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ReadError("A string in the pickle has no quotes.", code="malformed")
    return text[1:-1].decode("latin-1")


# Memo


def _memoize(m: Machine) -> None:
    memo = m.memo
    memo[len(memo)] = m.stack[-1]


def _put(index: Read) -> Operation:
    # The memo is a dict: an index of four billion is one entry, not an array of that length.
    def put(m: Machine) -> None:
        m.memo[index(m)] = m.stack[-1]

    return put


def _get(index: Read) -> Operation:
    return lambda m: m.stack.append(m.memo[index(m)])


def _binget(m: Machine) -> None:
    m.stack.append(m.memo[m.data[m.position]])
    m.position += 1


# Containers


def _push_new(make: Read) -> Operation:
    """Push what `make` gives, counted as one object."""

    def push(m: Machine) -> None:
        m.budget.spend_objects(1)
        m.stack.append(make(m))

    return push


def _tuple1(m: Machine) -> None:
    m.budget.spend_objects(1)
    m.stack[-1] = (m.stack[-1],)


def _tuple2(m: Machine) -> None:
    m.budget.spend_objects(1)
    last = m.stack.pop()
    m.stack[-1] = (m.stack[-1], last)


def _tuple3(m: Machine) -> None:
    m.budget.spend_objects(1)
    last, middle = m.stack.pop(), m.stack.pop()
    m.stack[-1] = (m.stack[-1], middle, last)


def _dict(m: Machine) -> None:
    m.budget.spend_objects(1)
    pairs = m.pop_to_mark()
    m.stack.append({})
    m.set_items(pairs)


# Names and calls


def _global(m: Machine) -> None:
    module, name = m.line().decode("utf-8"), m.line().decode("utf-8")
    m.stack.append(m.vocabulary.global_named(module, name, m.position))


def _stack_global(m: Machine) -> None:
    name, module = m.stack.pop(), m.stack.pop()
    m.stack.append(m.vocabulary.global_named(module, name, m.position))


def _reduce(m: Machine) -> None:
    args = m.stack.pop()
    m.stack[-1] = m.call(m.stack[-1], args)


def _newobj_ex(m: Machine) -> None:
    keywords, args = m.stack.pop(), m.stack.pop()
    described = m.instance(m.stack[-1], args)
    described.items.append(keywords)
    m.stack[-1] = described


def _build(m: Machine) -> None:
    state = m.stack.pop()
    m.build(m.stack[-1], state)


def _binpersid(m: Machine) -> None:
    identity = m.stack[-1]
    if m.resolve_storage is None or type(identity) is not tuple:
        raise ReadError("The pickle refers to data outside itself.", code="unsafe-opcode")
    m.stack[-1] = m.resolve_storage(identity)


# Framing


def _proto(m: Machine) -> None:
    protocol = m.data[m.position]
    m.position += 1
    if protocol > 5:
        raise ReadError(f"Pickle protocol {protocol} does not exist (0 to 5 do).", code="malformed")
    m.protocol = protocol if m.protocol is None else m.protocol


def _frame(m: Machine) -> None:
    length = _uint8(m)
    if m.position + length > len(m.data):
        raise ReadError(
            f"The pickle announces {length} bytes at {m.position}, {len(m.data) - m.position} are left: "
            "it was cut short; copy it again.",
            code="truncated",
        )


def _stop(m: Machine) -> None:
    raise Stopped


def _refuse(m: Machine) -> None:
    position = m.position - 1
    name = _NAMES.get(m.data[position])
    if name is None:
        code = m.data[position : position + 1]
        raise ReadError(f"Byte {position} ({code!r}) is no pickle opcode; the file is damaged.", code="malformed")
    raise ReadError(
        f"The pickle uses {name} (byte {position}), which no honest cache or checkpoint needs; it was not run.",
        code="unsafe-opcode",
    )


_TABLE: dict[str, Operation] = {
    "PROTO": _proto,
    "FRAME": _frame,
    "STOP": _stop,
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "BININT": _push(_int4),
    "BININT1": _binint1,
    "BININT2": _push(_uint2),
    "BINFLOAT": _push(_float8),
    "LONG1": _push_long(_uint1),
    "LONG4": _push_long(_int4),
    "INT": _push(_int_text),
    "LONG": lambda m: m.stack.append(int(_numeral(m).rstrip(b"L"))),
    "FLOAT": lambda m: m.stack.append(float(_numeral(m))),
    "STRING": _push(_string_text),
    "UNICODE": lambda m: m.stack.append(m.line().decode("raw-unicode-escape")),
    "SHORT_BINSTRING": _push_text(_uint1, "latin-1"),
    "BINSTRING": _push_text(_int4, "latin-1"),
    "SHORT_BINUNICODE": _push_text(_uint1, "utf-8", "surrogatepass"),
    "BINUNICODE": _push_text(_uint4, "utf-8", "surrogatepass"),
    "BINUNICODE8": _push_text(_uint8, "utf-8", "surrogatepass"),
    "SHORT_BINBYTES": _push_bytes(_uint1),
    "BINBYTES": _push_bytes(_uint4),
    "BINBYTES8": _push_bytes(_uint8),
    "BYTEARRAY8": lambda m: m.stack.append(bytearray(m.take(_uint8(m)))),
    "MEMOIZE": _memoize,
    "PUT": _put(_index_text),
    "BINPUT": _put(_uint1),
    "LONG_BINPUT": _put(_uint4),
    "GET": _get(_index_text),
    "BINGET": _binget,
    "LONG_BINGET": _get(_uint4),
    "MARK": lambda m: m.marks.append(len(m.stack)),
    "POP": lambda m: m.stack.pop(),
    "POP_MARK": Machine.pop_to_mark,
    "DUP": lambda m: m.stack.append(m.stack[-1]),
    "EMPTY_TUPLE": _constant(()),
    "EMPTY_LIST": _push_new(lambda m: []),
    "EMPTY_DICT": _push_new(lambda m: {}),
    "EMPTY_SET": _push_new(lambda m: set()),
    "TUPLE1": _tuple1,
    "TUPLE2": _tuple2,
    "TUPLE3": _tuple3,
    "TUPLE": _push_new(lambda m: tuple(m.pop_to_mark())),
    "LIST": _push_new(Machine.pop_to_mark),
    "DICT": _dict,
    "FROZENSET": _push_new(lambda m: frozenset(m.checked_keys(m.pop_to_mark()))),
    "APPEND": lambda m: m.extend([m.stack.pop()]),
    "APPENDS": lambda m: m.extend(m.pop_to_mark()),
    "SETITEM": lambda m: m.set_items([m.stack.pop(), m.stack.pop()][::-1]),
    "SETITEMS": lambda m: m.set_items(m.pop_to_mark()),
    "ADDITEMS": lambda m: m.add_members(m.pop_to_mark()),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "NEWOBJ": _reduce,  # calling the class
    "NEWOBJ_EX": _newobj_ex,
    "BUILD": _build,
    "BINPERSID": _binpersid,
}

OPERATIONS: tuple[Operation, ...] = tuple(_TABLE.get(_NAMES.get(code, ""), _refuse) for code in range(256))
