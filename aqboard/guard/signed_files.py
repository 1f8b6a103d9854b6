"""Is a file still the one that was signed? Answered on a compute node, with as little reading as the answer takes."""

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from aqboard.domain.job.manifest import SignedFile
from aqboard.guard.opening import NotRegular, open_regular

CHUNK = 4 << 20
SAME_MOMENT_S = 1e-3
"""Two readings of one modification time may differ by the rounding of a float; a file system stores it finer."""
AT_ONCE = 8
"""Files read side by side: hashing leaves Python's lock, and a parallel file system serves several readers better."""

PUT_BACK = "Put the signed file back, or check and sign again."


def changed_files(files: Iterable[SignedFile], *, hash_large: bool) -> list[str]:
    """A sentence for each file that is missing or not the signed one; empty when all are as signed."""
    with ThreadPoolExecutor(AT_ONCE) as readers:
        return [told for told in readers.map(lambda file: change(file, hash_large=hash_large), files) if told]


def change(file: SignedFile, *, hash_large: bool) -> str:
    """What is wrong with the file, in one sentence; empty when it is as signed.

    Small files are hashed. A large one with the signed size and modification time counts as unchanged, unless
    `hash_large`; with another time its content decides, because a copy or a restored file may well be the same.
    """
    where = f"{file.key}: {file.path}"
    try:
        with open_regular(file.path) as opened:
            status = os.fstat(opened.fileno())
            if status.st_size != file.size:
                return f"{where} has {status.st_size} bytes instead of the {file.size} that were signed. {PUT_BACK}"
            same_moment = abs(status.st_mtime - file.mtime.timestamp()) < SAME_MOMENT_S
            if same_moment and not file.small and not hash_large:
                return ""
            found = _sha256(opened)
    except NotRegular:
        return f"{where} is not a regular file. {PUT_BACK}"
    except OSError as error:
        return f"{where} cannot be read on this node ({error.strerror}). {PUT_BACK}"
    if found == file.sha256:
        return ""
    when = datetime.fromtimestamp(status.st_mtime, UTC)
    return (
        f"{where} is not the file that was signed: its SHA-256 is {found[:12]}... instead of "
        f"{file.sha256[:12]}..., it was last written on {when:%Y-%m-%d %H:%M} UTC. {PUT_BACK}"
    )


def _sha256(file: BinaryIO) -> str:
    digest, buffer = hashlib.sha256(), bytearray(CHUNK)
    view = memoryview(buffer)
    while count := file.readinto(buffer):  # type: ignore[attr-defined]  # what `open` gives has it
        digest.update(view[:count])
    return digest.hexdigest()


def exists(path: Path) -> bool:
    """Whether something has that name; one file-system operation. What cannot be looked at does not count as there."""
    try:
        path.lstat()
    except OSError:
        return False
    return True
