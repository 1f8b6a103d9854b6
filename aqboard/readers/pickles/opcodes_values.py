"""Opcodes that push strings and numbers.

Protects against lengths that promise more than the file has, and against integers of a million digits.
"""

import struct
from collections.abc import Callable
from typing import Any

from aqboard.readers.errors import ReadError
from aqboard.readers.pickles.machine import Machine

Operation = Callable[[Machine], None]


def unpacked(layout: str) -> Callable[[Machine], Any]:
    """A function that reads one fixed-size number and moves on."""
    form = struct.Struct(layout)
    unpack, size = form.unpack_from, form.size

    def read(m: Machine) -> Any:
        (number,) = unpack(m.data, m.position)
        m.position += size
        return number

    return read


uint1, uint2, uint4, uint8 = (unpacked(layout) for layout in ("<B", "<H", "<I", "<Q"))
int4, float8 = unpacked("<i"), unpacked(">d")


def push(value: Any) -> Operation:
    """NONE, NEWTRUE, NEWFALSE, EMPTY_TUPLE: a constant."""
    return lambda m: m.stack.append(value)


def push_read(read: Callable[[Machine], Any]) -> Operation:
    """BININT, BININT2, BINFLOAT: one number of fixed size."""
    return lambda m: m.stack.append(read(m))


def push_byte(m: Machine) -> None:
    """BININT1: the next byte."""
    m.stack.append(m.data[m.position])
    m.position += 1


def bytes_of(length: Callable[[Machine], int]) -> Operation:
    """BINBYTES and its short and long forms."""
    return lambda m: m.stack.append(m.take(length(m)))


def text_of(length: Callable[[Machine], int], encoding: str, errors: str = "strict") -> Operation:
    """BINUNICODE and BINSTRING in all lengths."""
    return lambda m: m.stack.append(m.take(length(m)).decode(encoding, errors))


def bytearray8(m: Machine) -> None:
    """BYTEARRAY8."""
    m.stack.append(bytearray(m.take(uint8(m))))


def long_of(length: Callable[[Machine], int]) -> Operation:
    """LONG1, LONG4: an integer of as many bytes as `length` says."""

    def push(m: Machine) -> None:
        count = length(m)
        if count > m.budget.limits.integer_bytes:
            raise ReadError(f"The pickle holds an integer of {count} bytes.", code="bomb")
        m.stack.append(int.from_bytes(m.take(count), "little", signed=True))

    return push


def numeral(m: Machine) -> bytes:
    """The text of a number, its length bounded: parsing digits takes quadratic time."""
    text = m.line()
    if len(text) > m.budget.limits.integer_bytes:
        raise ReadError(f"The pickle holds a number of {len(text)} digits.", code="bomb")
    return text


def int_text(m: Machine) -> None:
    """INT: a decimal integer, or a truth value written 00 or 01."""
    text = numeral(m)
    m.stack.append({b"00": False, b"01": True}[text] if text in (b"00", b"01") else int(text))


def long_text(m: Machine) -> None:
    """LONG: a decimal integer with an L after it."""
    m.stack.append(int(numeral(m).rstrip(b"L")))


def float_text(m: Machine) -> None:
    """FLOAT: a decimal fraction."""
    m.stack.append(float(numeral(m)))


def string_text(m: Machine) -> None:
    """STRING: quoted text; escapes are left as they stand."""
    text = m.line()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ReadError("A string in the pickle has no quotes.", code="malformed")
    m.stack.append(text[1:-1].decode("latin-1"))


def unicode_text(m: Machine) -> None:
    """UNICODE: text with \\u escapes."""
    m.stack.append(m.line().decode("raw-unicode-escape"))
