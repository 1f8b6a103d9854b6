"""What each pickle opcode does to the machine, protocols 0 to 5.

Protects against opcode tricks: whatever is missing from `OPERATIONS` (INST and OBJ, which construct classes;
EXT, PERSID and out-of-band buffers, which reach outside the file) is refused by name.
"""

import pickletools
import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aqboard.artefacts.errors import ReadError, shown
from aqboard.artefacts.machine import Machine, Stopped
from aqboard.artefacts.symbols import Instance

Operation = Callable[[Machine], None]

_NAMES = {opcode.code.encode("latin-1"): opcode.name for opcode in pickletools.opcodes}


def _unpacked(layout: str) -> Callable[[Machine], Any]:
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


def _push(value: Any) -> Operation:
    return lambda m: m.stack.append(value)


def _push_read(read: Callable[[Machine], Any]) -> Operation:
    return lambda m: m.stack.append(read(m))


def _byte(m: Machine) -> None:
    m.stack.append(m.data[m.position])
    m.position += 1


# Strings and numbers


def _bytes_of(length: Callable[[Machine], int]) -> Operation:
    return lambda m: m.stack.append(m.take(length(m)))


def _text_of(length: Callable[[Machine], int], encoding: str, errors: str = "strict") -> Operation:
    return lambda m: m.stack.append(m.take(length(m)).decode(encoding, errors))


def _bytearray8(m: Machine) -> None:
    m.stack.append(bytearray(m.take(_uint8(m))))


def _long_of(length: Callable[[Machine], int]) -> Operation:
    def push(m: Machine) -> None:
        count = length(m)
        if count > m.budget.limits.integer_bytes:
            raise ReadError(f"The pickle holds an integer of {count} bytes.", code="bomb")
        m.stack.append(int.from_bytes(m.take(count), "little", signed=True))

    return push


def _numeral(m: Machine) -> bytes:
    text = m.line()
    if len(text) > m.budget.limits.integer_bytes:
        raise ReadError(f"The pickle holds a number of {len(text)} digits.", code="bomb")
    return text


def _int_text(m: Machine) -> None:
    text = _numeral(m)
    m.stack.append({b"00": False, b"01": True}[text] if text in (b"00", b"01") else int(text))


def _long_text(m: Machine) -> None:
    m.stack.append(int(_numeral(m).rstrip(b"L")))


def _float_text(m: Machine) -> None:
    m.stack.append(float(_numeral(m)))


def _string_text(m: Machine) -> None:
    text = m.line()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ReadError("A string in the pickle has no quotes.", code="malformed")
    m.stack.append(text[1:-1].decode("latin-1"))


def _unicode_text(m: Machine) -> None:
    m.stack.append(m.line().decode("raw-unicode-escape"))


# Memo


def _memoize(m: Machine) -> None:
    memo = m.memo
    memo[len(memo)] = m.stack[-1]


def _put(index: Callable[[Machine], int]) -> Operation:
    # The memo is a dict: an index of four billion is one entry, not an array of that length.
    def put(m: Machine) -> None:
        m.memo[index(m)] = m.stack[-1]

    return put


def _get(index: Callable[[Machine], int]) -> Operation:
    return lambda m: m.stack.append(m.memo[index(m)])


def _binget(m: Machine) -> None:
    m.stack.append(m.memo[m.data[m.position]])
    m.position += 1


def _index_text(m: Machine) -> int:
    return int(_numeral(m))


# Stack and containers


def _mark(m: Machine) -> None:
    m.marks.append(len(m.stack))


def _pop(m: Machine) -> None:
    m.stack.pop()


def _pop_mark(m: Machine) -> None:
    m.pop_to_mark()


def _dup(m: Machine) -> None:
    m.stack.append(m.stack[-1])


def _new(kind: Callable[[], Any]) -> Operation:
    def push(m: Machine) -> None:
        m.budget.spend_objects(1)
        m.stack.append(kind())

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


def _tuple(m: Machine) -> None:
    m.budget.spend_objects(1)
    m.stack.append(tuple(m.pop_to_mark()))


def _list(m: Machine) -> None:
    m.budget.spend_objects(1)
    m.stack.append(m.pop_to_mark())


def _dict(m: Machine) -> None:
    m.budget.spend_objects(1)
    pairs = m.pop_to_mark()
    m.stack.append({})
    _fill(m, pairs)


def _append(m: Machine) -> None:
    value = m.stack.pop()
    _extend(m, [value])


def _appends(m: Machine) -> None:
    _extend(m, m.pop_to_mark())


def _extend(m: Machine, values: list[Any]) -> None:
    target = m.stack[-1]
    if type(target) is list:
        target.extend(values)
    elif type(target) is Instance:
        target.items.append(values)
    else:
        raise ReadError(f"The pickle appends to {shown(target)}.", code="malformed")


def _setitem(m: Machine) -> None:
    value, key = m.stack.pop(), m.stack.pop()
    _fill(m, [key, value])


def _setitems(m: Machine) -> None:
    _fill(m, m.pop_to_mark())


def _fill(m: Machine, pairs: list[Any]) -> None:
    target = m.stack[-1]
    if len(pairs) % 2:
        raise ReadError("The pickle holds a dictionary with a key but no value.", code="malformed")
    if type(target) is dict or type(target) is OrderedDict:
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            m.check_key(key)
            target[key] = value
    elif type(target) is Instance:
        target.items.append(pairs)
    else:
        raise ReadError(f"The pickle sets an item of {shown(target)}.", code="malformed")


def _additems(m: Machine) -> None:
    values = m.pop_to_mark()
    target = m.stack[-1]
    if type(target) is not set:
        raise ReadError(f"The pickle adds members to {shown(target)}.", code="malformed")
    for value in values:
        m.check_key(value)
        target.add(value)


def _frozenset(m: Machine) -> None:
    m.budget.spend_objects(1)
    values = m.pop_to_mark()
    for value in values:
        m.check_key(value)
    m.stack.append(frozenset(values))


# Names, calls, objects


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
    code = m.data[m.position - 1 : m.position]
    name = _NAMES.get(code)
    if name is None:
        raise ReadError(f"Byte {m.position - 1} ({code!r}) is no pickle opcode; the file is damaged.", code="malformed")
    raise ReadError(
        f"The pickle uses {name} (byte {m.position - 1}), which no honest cache or checkpoint needs; it was not run.",
        code="unsafe-opcode",
    )


_TABLE: dict[bytes, Operation] = {
    b"\x80": _proto,
    b"\x95": _frame,
    b".": _stop,
    b"N": _push(None),
    b"\x88": _push(True),
    b"\x89": _push(False),
    b"K": _byte,
    b"M": _push_read(_uint2),
    b"J": _push_read(_int4),
    b"G": _push_read(_float8),
    b"\x8a": _long_of(_uint1),
    b"\x8b": _long_of(_int4),
    b"I": _int_text,
    b"L": _long_text,
    b"F": _float_text,
    b"S": _string_text,
    b"V": _unicode_text,
    b"U": _text_of(_uint1, "latin-1"),
    b"T": _text_of(_int4, "latin-1"),
    b"X": _text_of(_uint4, "utf-8", "surrogatepass"),
    b"\x8c": _text_of(_uint1, "utf-8", "surrogatepass"),
    b"\x8d": _text_of(_uint8, "utf-8", "surrogatepass"),
    b"B": _bytes_of(_uint4),
    b"C": _bytes_of(_uint1),
    b"\x8e": _bytes_of(_uint8),
    b"\x96": _bytearray8,
    b"\x94": _memoize,
    b"q": _put(_uint1),
    b"r": _put(_uint4),
    b"p": _put(_index_text),
    b"h": _binget,
    b"j": _get(_uint4),
    b"g": _get(_index_text),
    b"(": _mark,
    b"0": _pop,
    b"1": _pop_mark,
    b"2": _dup,
    b")": _push(()),
    b"}": _new(dict),
    b"]": _new(list),
    b"\x8f": _new(set),
    b"\x85": _tuple1,
    b"\x86": _tuple2,
    b"\x87": _tuple3,
    b"t": _tuple,
    b"l": _list,
    b"d": _dict,
    b"a": _append,
    b"e": _appends,
    b"s": _setitem,
    b"u": _setitems,
    b"\x90": _additems,
    b"\x91": _frozenset,
    b"c": _global,
    b"\x93": _stack_global,
    b"R": _reduce,
    b"\x81": _reduce,  # NEWOBJ: calling the class
    b"\x92": _newobj_ex,
    b"b": _build,
    b"Q": _binpersid,
}

OPERATIONS: tuple[Operation, ...] = tuple(_TABLE.get(bytes([code]), _refuse) for code in range(256))
