"""Torch's zip format: `<root>/data.pkl` and one stored record per storage.

Protects against records that are not what the pickle says: sizes must agree to the byte, nothing may be compressed,
and no member may be there that torch does not write. Tensor data is located, not read.
"""

import re
import zlib
from dataclasses import dataclass
from typing import Any

from aqboard.readers.checkpoints.tensors import Storage, make_storage
from aqboard.readers.checkpoints.zipdir import STORED, Member
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.limits import Budget
from aqboard.readers.pickles.constructors import CONSTRUCTORS
from aqboard.readers.pickles.machine import Machine
from aqboard.readers.pickles.opcodes import OPERATIONS
from aqboard.readers.pickles.symbols import Global
from aqboard.readers.pickles.vocabulary import Mode, Vocabulary
from aqboard.readers.source import FileSource

_WRITTEN_BY_TORCH = re.compile(
    r"data\.pkl|byteorder|version|\.format_version|\.storage_alignment|data/\d{1,20}|\.data/\w+"
)


@dataclass(frozen=True)
class TorchArchive:
    """What a torch zip holds: the value of its pickle, its records, and what was noticed on the way."""

    value: Any
    records: tuple[Member, ...]
    pickle_crc_ok: bool
    warnings: tuple[str, ...]
    globals: tuple[str, ...]
    protocol: int | None


def is_torch_archive(members: dict[str, Member]) -> bool:
    """True when some top folder holds a `data.pkl`."""
    return any(name.count("/") == 1 and name.endswith("/data.pkl") for name in members)


def read_torch_archive(source: FileSource, members: dict[str, Member], mode: Mode, budget: Budget) -> TorchArchive:
    """Read the pickle of a torch zip; tensors point at their records.

    Raises ReadError: `bad-zip`, `torchscript`, `byte-order`, `too-big`, and whatever the pickle machine raises.
    """
    root = _check_members(members)
    order = members.get(root + "byteorder")
    if order is not None and (order.size > 16 or source.read(order.offset, order.size) != b"little"):
        raise ReadError("The file was written on a big-endian machine; save it again on this one.", code="byte-order")
    pickle_member = members[root + "data.pkl"]
    if pickle_member.size > budget.limits.pickle_bytes:
        raise ReadError(f"Its data.pkl has {pickle_member.size} bytes, too many for metadata.", code="too-big")
    content = source.read(pickle_member.offset, pickle_member.size)
    storages: dict[str, Storage] = {}

    def resolve(identity: tuple[Any, ...]) -> Storage:
        if len(identity) != 5 or identity[0] != "storage" or type(identity[1]) is not Global:
            raise ReadError("The file refers to its data in a way torch never does.", code="bad-storage")
        storage = make_storage(identity[1].name, identity[2], identity[4])
        known = storages.get(storage.key)
        if known is None:
            storages[storage.key] = known = _locate(storage, members.get(f"{root}data/{storage.key}"))
        if (known.dtype, known.numel) != (storage.dtype, storage.numel):
            raise ReadError(f"Storage {storage.key} is described in two ways.", code="bad-storage")
        return known

    vocabulary = Vocabulary(mode, CONSTRUCTORS)
    machine = Machine(content, vocabulary, budget, resolve_storage=resolve)
    value = machine.run(OPERATIONS)
    if machine.position != len(content):
        raise ReadError("Bytes follow the end of data.pkl; the file was added to.", code="trailing")
    return TorchArchive(
        value=value,
        records=tuple(member for name, member in members.items() if name.startswith(root + "data/")),
        pickle_crc_ok=zlib.crc32(content) == pickle_member.crc,
        warnings=tuple(vocabulary.warnings),
        globals=tuple(sorted(str(symbol) for symbol in vocabulary.seen.values())),
        protocol=machine.protocol,
    )


def _check_members(members: dict[str, Member]) -> str:
    """The archive's one root folder, with its slash; refuses members that torch.save does not write."""
    roots = {name.partition("/")[0] for name in members}
    if len(roots) != 1:
        raise ReadError(f"The archive has {len(roots)} top folders instead of one.", code="bad-zip")
    root = roots.pop() + "/"
    for name, member in members.items():
        inner = name[len(root) :]
        if inner == "constants.pkl" or inner.startswith("code/"):
            raise ReadError(
                "This is a TorchScript archive, which carries code; save the state_dict instead.", code="torchscript"
            )
        if not _WRITTEN_BY_TORCH.fullmatch(inner):
            raise ReadError(f"The archive holds {shown(name)}, which torch.save never writes.", code="bad-zip")
        if member.method != STORED:
            raise ReadError(f"Member {shown(name)} is compressed; torch.save never compresses.", code="bad-zip")
    return root


def _locate(storage: Storage, record: Member | None) -> Storage:
    """Attach a storage to its record, which must have exactly its size."""
    if record is None:
        raise ReadError(f"The data of storage {storage.key} is missing from the archive.", code="bad-storage")
    if record.size != storage.nbytes:
        raise ReadError(
            f"Storage {storage.key} claims {storage.numel} x {storage.dtype} = {storage.nbytes} bytes, "
            f"its record has {record.size}.",
            code="bad-storage",
        )
    storage.offset = record.offset
    return storage
