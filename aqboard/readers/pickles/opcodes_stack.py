"""Opcodes for the memo, the stack, and containers.

Protects against memo indices that would allocate gigabytes, and against keys made to collide.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aqboard.readers.errors import ReadError, shown
from aqboard.readers.pickles.machine import Machine
from aqboard.readers.pickles.opcodes_values import Operation, numeral
from aqboard.readers.pickles.symbols import Instance


def memoize(m: Machine) -> None:
    """MEMOIZE: remember the top of the stack under the next number."""
    memo = m.memo
    memo[len(memo)] = m.stack[-1]


def put(index: Callable[[Machine], int]) -> Operation:
    """PUT, BINPUT, LONG_BINPUT: remember the top of the stack under a number of the file."""

    # The memo is a dict: an index of four billion is one entry, not an array of that length.
    def put(m: Machine) -> None:
        m.memo[index(m)] = m.stack[-1]

    return put


def get(index: Callable[[Machine], int]) -> Operation:
    """GET, LONG_BINGET: push what was remembered."""
    return lambda m: m.stack.append(m.memo[index(m)])


def binget(m: Machine) -> None:
    """BINGET: push what was remembered; the most frequent of all opcodes after MEMOIZE."""
    m.stack.append(m.memo[m.data[m.position]])
    m.position += 1


def index_text(m: Machine) -> int:
    """A memo number written as text."""
    return int(numeral(m))


# Stack and containers


def mark(m: Machine) -> None:
    """MARK: remember how high the stack is."""
    m.marks.append(len(m.stack))


def pop(m: Machine) -> None:
    """POP: drop the top of the stack."""
    m.stack.pop()


def pop_mark(m: Machine) -> None:
    """POP_MARK: drop all down to the last mark."""
    m.pop_to_mark()


def dup(m: Machine) -> None:
    """DUP: push the top of the stack again."""
    m.stack.append(m.stack[-1])


def new(kind: Callable[[], Any]) -> Operation:
    """EMPTY_DICT, EMPTY_LIST, EMPTY_SET."""

    def push(m: Machine) -> None:
        m.budget.spend_objects(1)
        m.stack.append(kind())

    return push


def tuple1(m: Machine) -> None:
    """TUPLE1: the top of the stack as a tuple."""
    m.budget.spend_objects(1)
    m.stack[-1] = (m.stack[-1],)


def tuple2(m: Machine) -> None:
    """TUPLE2."""
    m.budget.spend_objects(1)
    last = m.stack.pop()
    m.stack[-1] = (m.stack[-1], last)


def tuple3(m: Machine) -> None:
    """TUPLE3."""
    m.budget.spend_objects(1)
    last, middle = m.stack.pop(), m.stack.pop()
    m.stack[-1] = (m.stack[-1], middle, last)


def push_tuple(m: Machine) -> None:
    """TUPLE: all above the last mark."""
    m.budget.spend_objects(1)
    m.stack.append(tuple(m.pop_to_mark()))


def push_list(m: Machine) -> None:
    """LIST: all above the last mark."""
    m.budget.spend_objects(1)
    m.stack.append(m.pop_to_mark())


def push_dict(m: Machine) -> None:
    """DICT: pairs above the last mark."""
    m.budget.spend_objects(1)
    pairs = m.pop_to_mark()
    m.stack.append({})
    _fill(m, pairs)


def append(m: Machine) -> None:
    """APPEND: one value to the list below it."""
    value = m.stack.pop()
    _extend(m, [value])


def appends(m: Machine) -> None:
    """APPENDS: all above the last mark to the list below."""
    _extend(m, m.pop_to_mark())


def _extend(m: Machine, values: list[Any]) -> None:
    target = m.stack[-1]
    if type(target) is list:
        target.extend(values)
    elif type(target) is Instance:
        target.items.append(values)
    else:
        raise ReadError(f"The pickle appends to {shown(target)}.", code="malformed")


def setitem(m: Machine) -> None:
    """SETITEM: one pair into the dict below it."""
    value, key = m.stack.pop(), m.stack.pop()
    _fill(m, [key, value])


def setitems(m: Machine) -> None:
    """SETITEMS: pairs above the last mark into the dict below."""
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


def additems(m: Machine) -> None:
    """ADDITEMS: members above the last mark into the set below."""
    values = m.pop_to_mark()
    target = m.stack[-1]
    if type(target) is not set:
        raise ReadError(f"The pickle adds members to {shown(target)}.", code="malformed")
    for value in values:
        m.check_key(value)
        target.add(value)


def push_frozenset(m: Machine) -> None:
    """FROZENSET: members above the last mark."""
    m.budget.spend_objects(1)
    values = m.pop_to_mark()
    for value in values:
        m.check_key(value)
    m.stack.append(frozenset(values))
