"""Checksums of a checkpoint's records, digests of its tensors, and proof that memory holds what the file holds.

Protects against bits that flipped on the way: torch.load ignores the checksums a torch file carries. Floats are never
compared as floats: NaN differs from itself and -0 equals 0, and both must count as what they are.
"""

import hashlib
import zlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from aqboard.domain.checkpoint import IntegrityReport
from aqboard.readers.checkpoints.checkpoint import CheckpointFile
from aqboard.readers.errors import ReadError
from aqboard.readers.formats.zipdir import Member
from aqboard.readers.source import CHUNK, FileSource

Progress = Callable[[int, int], None]

_PIECE = 1 << 20  # stays in the cache of a core between reading and comparing; smaller ones cost more calls


def check_integrity(checkpoint: CheckpointFile, progress: Progress | None = None) -> IntegrityReport:
    """Read every record once and hold it against its CRC-32.

    When none fits, data.pkl included, the file was saved with checksums switched off: damage would not hit them all.
    """
    document = checkpoint.document
    records = [record for record in document.records if record.size]
    if document.container != "torch-zip":
        return IntegrityReport(verdict="not-applicable", records=0, checked_bytes=0)
    total, done = sum(record.size for record in records), 0
    damaged = []
    for record in records:
        if _crc(document.source, record) != record.crc:
            damaged.append(record.name.partition("/")[2])
        done += record.size
        if progress is not None:
            progress(done, total)
    if not document.pickle_crc_ok:
        damaged.insert(0, "data.pkl")
    if not damaged:
        return IntegrityReport(verdict="ok", records=len(records) + 1, checked_bytes=total)
    none_fits = len(damaged) == len(records) + 1
    return IntegrityReport(
        verdict="no-checksums" if none_fits and records else "damaged",
        records=len(records) + 1,
        checked_bytes=total,
        damaged=() if none_fits and records else tuple(damaged),
    )


def tensor_digests(checkpoint: CheckpointFile) -> dict[str, str]:
    """SHA-256 (hex) of each tensor's dtype, shape and bytes: equal for tensors equal bit by bit."""
    digests = {}
    for key, spec in checkpoint.tensors.items():
        head = f"{spec.dtype} {list(spec.shape)}\n".encode()
        digests[key] = hashlib.sha256(head + checkpoint.raw(key)).hexdigest()
    return digests


def differing_tensors(checkpoint: CheckpointFile, arrays: Mapping[str, NDArray[np.generic]]) -> tuple[str, ...]:
    """Keys whose bytes in the file differ from those of the given arrays (row-major, the file's dtype width).

    A bfloat16 tensor is given as its 16-bit integers. Another shape or width differs too. Raises ReadError
    (`no-tensors`) for a key the checkpoint does not have.
    """
    piece = bytearray(_PIECE)
    return tuple(key for key, array in arrays.items() if not _equal(checkpoint, key, array, piece))


def _crc(source: FileSource, record: Member) -> int:
    crc = 0
    for begin in range(0, record.size, CHUNK):
        crc = zlib.crc32(source.read(record.offset + begin, min(CHUNK, record.size - begin)), crc)
    return crc


def _equal(checkpoint: CheckpointFile, key: str, array: NDArray[np.generic], piece: bytearray) -> bool:
    view = checkpoint.views.get(key)
    if view is None:
        raise ReadError(f"{checkpoint.path.name} has no tensor {key!r}.", code="no-tensors")
    if view.shape != array.shape or view.itemsize != array.dtype.itemsize:
        return False
    memory = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    if not view.contiguous or view.storage.offset < 0:
        return bytearray(checkpoint.raw(key)) == memory
    begin = view.storage.offset + view.start * view.itemsize
    return _equal_pieces(checkpoint.document.source, begin, memory, piece)


def _equal_pieces(source: FileSource, begin: int, memory: memoryview, piece: bytearray) -> bool:
    whole = memoryview(piece)
    for offset in range(0, len(memory), _PIECE):
        count = min(_PIECE, len(memory) - offset)
        source.read_into(whole[:count], begin + offset)
        # `startswith` is memcmp on any buffer; comparing memoryviews would go item by item, slicing would copy.
        if not piece.startswith(memory[offset : offset + count]):
            return False
    return True
