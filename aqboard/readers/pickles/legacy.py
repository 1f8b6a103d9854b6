"""Torch's format before the zip archive: five pickles in a row, then the storages' bytes.

It lives on inside every pickled tensor, once per tensor. Protects against payloads hidden in that inner stream, and
against storages that claim more bytes than follow.
"""

import re
import struct
from collections.abc import Callable
from typing import Any

from aqboard.readers.checkpoints.tensors import DTYPES, STORAGE_DTYPES, Storage, make_storage
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.limits import Budget
from aqboard.readers.pickles.constructors import CONSTRUCTORS
from aqboard.readers.pickles.machine import Machine
from aqboard.readers.pickles.opcodes import OPERATIONS
from aqboard.readers.pickles.symbols import Global
from aqboard.readers.pickles.vocabulary import Vocabulary

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_PROTOCOL = 1001

# What torch writes for one storage on its own, byte for byte. A cache holds 16 400 of these: matching them whole is
# five times as fast as running five pickle machines, and what does not match goes through the machines.
_ONE_STORAGE = re.compile(
    re.escape(MAGIC)
    + rb"\x80\x02M\xe9\x03\."  # protocol 1001
    + rb"\x80\x02}q\x00\(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03"
    + rb"X\r\x00\x00\x00little_endianq\x02\x88"
    + rb"X\n\x00\x00\x00type_sizesq\x03}q\x04\(X\x05\x00\x00\x00shortq\x05K\x02X\x03\x00\x00\x00intq\x06K\x04"
    + rb"X\x04\x00\x00\x00longq\x07K[\x04\x08]uu\."
    + rb"\x80\x02\(X\x07\x00\x00\x00storageq\x00ctorch\n(?P<type>[A-Za-z0-9]{4,30})\nq\x01"
    + rb"X(?P<length>.)\x00\x00\x00(?P<key>\d{1,20})q\x02"
    + rb"X.\x00\x00\x00[a-z]{2,8}(?::\d{1,3})?q\x03"
    + rb"(?:K(?P<n1>.)|M(?P<n2>..)|J(?P<n4>....))Ntq\x04Q\."
    + rb"\x80\x02\]q\x00X(?P=length)\x00\x00\x00(?P=key)q\x01a\."
    + rb"(?P<count>.{8})",
    re.DOTALL,
)


def load_from_bytes(m: Machine, args: tuple[Any, ...]) -> Any:
    """`torch.storage._load_from_bytes(bytes)`: the storage inside, data attached."""
    if len(args) != 1 or type(args[0]) is not bytes:
        raise ReadError("A tensor's storage in the file is not bytes.", code="bad-call")
    content = args[0]
    m.budget.spend_bytes(len(content))
    return _one_storage(content) or _nested(m, content)


def read_legacy(
    head: bytes, size: int, read: Callable[[int, int], bytes], vocabulary: Vocabulary, budget: Budget
) -> tuple[Any, list[Storage]]:
    """The value and storages of a legacy stream of `size` bytes; `head` holds at least its pickles.

    `read(offset, count)` gives bytes of the stream. Storages carry their offset in it, not their data.
    """
    if not head.startswith(MAGIC):
        raise ReadError("What stands in for a tensor is no torch stream (a nested pickle?).", code="bad-call")
    storages: dict[str, Storage] = {}

    def resolve(identity: tuple[Any, ...]) -> Storage:
        if len(identity) not in (5, 6) or identity[0] != "storage" or type(identity[1]) is not Global:
            raise ReadError("The file refers to its data in a way torch never does.", code="bad-storage")
        if len(identity) == 6 and identity[5] is not None:
            raise ReadError(
                "The file was written by a torch older than 0.4; load and save it again.", code="bad-storage"
            )
        storage = make_storage(identity[1].name, identity[2], identity[4])
        return storages.setdefault(storage.key, storage)

    pickles = _Pickles(head, len(MAGIC), vocabulary, budget)
    protocol, system = pickles.next(), pickles.next()
    if protocol != _PROTOCOL or type(system) is not dict or system.get("little_endian") is not True:
        raise ReadError("The file's torch stream has another protocol or byte order.", code="byte-order")
    value = pickles.next(resolve)
    keys = pickles.next()
    if type(keys) is not list or len(keys) != len(storages):
        raise ReadError("The file's list of storages does not match its tensors.", code="bad-storage")
    end = _place(keys, storages, pickles.position, size, read)
    if end != size:
        raise ReadError(f"{size - end} bytes follow the last tensor; the file was added to.", code="trailing")
    return value, [storages[key] for key in keys]


class _Pickles:
    """Pickles that follow one another in one buffer."""

    def __init__(self, data: bytes, position: int, vocabulary: Vocabulary, budget: Budget) -> None:
        self.data, self.position, self.vocabulary, self.budget = data, position, vocabulary, budget

    def next(self, resolve: Callable[[tuple[Any, ...]], Storage] | None = None) -> Any:
        machine = Machine(self.data, self.vocabulary, self.budget, start=self.position, resolve_storage=resolve)
        value = machine.run(OPERATIONS)
        self.position = machine.position
        return value


def _place(
    keys: list[Any],
    storages: dict[str, Storage],
    position: int,
    size: int,
    read: Callable[[int, int], bytes],
) -> int:
    """Give each storage its offset, in the file's order; the position after the last."""
    placed: set[str] = set()
    for key in keys:
        if type(key) is not str or key not in storages or key in placed:
            raise ReadError(f"Storage {shown(key)} is listed but not used, or twice.", code="bad-storage")
        placed.add(key)
        storage = storages[key]
        (count,) = struct.unpack("<q", read(position, 8))
        storage.offset = position + 8
        position = storage.offset + storage.nbytes
        if count != storage.numel or position > size:
            raise ReadError(
                f"Storage {key} claims {storage.numel} elements, its data says {count}, "
                f"{size - storage.offset} bytes are left; the file was cut short or altered.",
                code="bad-storage",
            )
    return position


def _one_storage(content: bytes) -> Storage | None:
    """The storage of a stream that is exactly what torch writes for one; None for anything else."""
    match = _ONE_STORAGE.match(content)
    if match is None:
        return None
    type_name, key, small, medium, large, count = match.group("type", "key", "n1", "n2", "n4", "count")
    dtype = STORAGE_DTYPES.get(type_name.decode())
    numel = int.from_bytes(small or medium or large, "little")
    begin = match.end()
    if dtype is None or int.from_bytes(count, "little") != numel:
        return None
    if len(content) - begin != numel * DTYPES[dtype].itemsize:
        return None
    return Storage(dtype, numel, key.decode(), memoryview(content)[begin:])


def _nested(m: Machine, content: bytes) -> Any:
    """Any other legacy stream, read with machines of its own; it may not nest a further one."""
    vocabulary = Vocabulary("strict", CONSTRUCTORS)

    def read(offset: int, count: int) -> bytes:
        if offset + count > len(content):
            raise ReadError("A tensor's data inside the file was cut short.", code="truncated")
        return content[offset : offset + count]

    value, storages = read_legacy(content, len(content), read, vocabulary, m.budget)
    for storage in storages:
        storage.data = memoryview(content)[storage.offset : storage.offset + storage.nbytes]
    return value
