"""Checksums of a checkpoint's records, and digests of its tensors.

Protects against bits that flipped on the way: torch.load ignores the checksums a torch file carries.
"""

import hashlib
import zlib
from collections.abc import Callable

from aqboard.domain.checkpoint import IntegrityReport
from aqboard.readers.checkpoints.checkpoint import CheckpointFile
from aqboard.readers.checkpoints.zipdir import Member
from aqboard.readers.source import CHUNK, FileSource

Progress = Callable[[int, int], None]


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


def _crc(source: FileSource, record: Member) -> int:
    crc = 0
    for begin in range(0, record.size, CHUNK):
        crc = zlib.crc32(source.read(record.offset + begin, min(CHUNK, record.size - begin)), crc)
    return crc
