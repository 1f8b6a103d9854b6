"""What each pickle opcode does to the machine, protocols 0 to 5.

Protects against opcode tricks: whatever is missing from `OPERATIONS` (INST and OBJ, which construct classes;
EXT, PERSID and out-of-band buffers, which reach outside the file) is refused by name.
"""

import pickletools

from aqboard.readers.errors import ReadError
from aqboard.readers.pickles import opcodes_stack as stack
from aqboard.readers.pickles import opcodes_values as values
from aqboard.readers.pickles.machine import Machine, Stopped
from aqboard.readers.pickles.opcodes_values import Operation

_NAMES = {opcode.code.encode("latin-1"): opcode.name for opcode in pickletools.opcodes}


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
    length = values.uint8(m)
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
    b"N": values.push(None),
    b"\x88": values.push(True),
    b"\x89": values.push(False),
    b"K": values.push_byte,
    b"M": values.push_read(values.uint2),
    b"J": values.push_read(values.int4),
    b"G": values.push_read(values.float8),
    b"\x8a": values.long_of(values.uint1),
    b"\x8b": values.long_of(values.int4),
    b"I": values.int_text,
    b"L": values.long_text,
    b"F": values.float_text,
    b"S": values.string_text,
    b"V": values.unicode_text,
    b"U": values.text_of(values.uint1, "latin-1"),
    b"T": values.text_of(values.int4, "latin-1"),
    b"X": values.text_of(values.uint4, "utf-8", "surrogatepass"),
    b"\x8c": values.text_of(values.uint1, "utf-8", "surrogatepass"),
    b"\x8d": values.text_of(values.uint8, "utf-8", "surrogatepass"),
    b"B": values.bytes_of(values.uint4),
    b"C": values.bytes_of(values.uint1),
    b"\x8e": values.bytes_of(values.uint8),
    b"\x96": values.bytearray8,
    b"\x94": stack.memoize,
    b"q": stack.put(values.uint1),
    b"r": stack.put(values.uint4),
    b"p": stack.put(stack.index_text),
    b"h": stack.binget,
    b"j": stack.get(values.uint4),
    b"g": stack.get(stack.index_text),
    b"(": stack.mark,
    b"0": stack.pop,
    b"1": stack.pop_mark,
    b"2": stack.dup,
    b")": values.push(()),
    b"}": stack.new(dict),
    b"]": stack.new(list),
    b"\x8f": stack.new(set),
    b"\x85": stack.tuple1,
    b"\x86": stack.tuple2,
    b"\x87": stack.tuple3,
    b"t": stack.push_tuple,
    b"l": stack.push_list,
    b"d": stack.push_dict,
    b"a": stack.append,
    b"e": stack.appends,
    b"s": stack.setitem,
    b"u": stack.setitems,
    b"\x90": stack.additems,
    b"\x91": stack.push_frozenset,
    b"c": _global,
    b"\x93": _stack_global,
    b"R": _reduce,
    b"\x81": _reduce,  # NEWOBJ: calling the class
    b"\x92": _newobj_ex,
    b"b": _build,
    b"Q": _binpersid,
}

OPERATIONS: tuple[Operation, ...] = tuple(_TABLE.get(bytes([code]), _refuse) for code in range(256))
