"""Digests of files: MD5 because people know it, SHA-256 as identity, one pass over the bytes.

A large file's digests are remembered in the user's cache folder by path, size, times and inode, so that a checkpoint
of a gigabyte is not read twice.
"""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aqboard.domain.cache import FileDigest
from aqboard.readers.errors import ReadError
from aqboard.readers.source import CHUNK, FileSource

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""

_REMEMBER_FROM = 4 << 20  # below this, hashing is as quick as looking up


def file_digest(path: str | Path, progress: Progress | None = None) -> FileDigest:
    """Size, modification time (s since 1970), MD5 and SHA-256 of a regular file.

    Raises ReadError: `not-found`, `not-a-file`, `empty`, `no-permission`; `changed` when it was written meanwhile.
    """
    with FileSource(path) as source:
        memory = _memory_of(source)
        sums = _recall(memory)
        if sums is None:
            sums = _stream(source, progress)
            if _state(source.stat) != _state(source.path.stat()):
                raise ReadError(f"{path} was written to while it was read; try again later.", code="changed")
            if source.size >= _REMEMBER_FROM:
                _remember(memory, sums)
        elif progress is not None:
            progress(source.size, source.size)
        return FileDigest(
            path=str(path), size=source.size, mtime=source.stat.st_mtime, md5=sums["md5"], sha256=sums["sha256"]
        )


def cache_folder() -> Path:
    """Where digests are remembered: `AQBOARD_CACHE_DIR`, or the platform's cache folder."""
    chosen = os.environ.get("AQBOARD_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "aqboard"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aqboard"


def _stream(source: FileSource, progress: Progress | None) -> dict[str, str]:
    """Both digests in one pass; MD5 works in a second thread while SHA-256 works in this one."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with ThreadPoolExecutor(1) as helper:
        for offset in range(0, source.size, CHUNK):
            chunk = source.read(offset, min(CHUNK, source.size - offset))
            pending = helper.submit(md5.update, chunk)
            sha256.update(chunk)
            pending.result()
            if progress is not None:
                progress(offset + len(chunk), source.size)
    return {"md5": md5.hexdigest(), "sha256": sha256.hexdigest()}


def _state(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def _memory_of(source: FileSource) -> Path:
    """The file that remembers this one: named after path and state, so a changed file has another."""
    key = json.dumps([os.path.abspath(source.path), *_state(source.stat)])  # noqa: PTH100 (no link is followed)
    return cache_folder() / "digests" / f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()}.json"


def _recall(memory: Path) -> dict[str, str] | None:
    """Remembered digests; None when there are none, or what is there cannot be used."""
    try:
        sums = json.loads(memory.read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(sums, dict) or [len(str(sums.get(name))) for name in ("md5", "sha256")] != [32, 64]:
        return None
    return sums


def _remember(memory: Path, sums: dict[str, str]) -> None:
    """Write whole or not at all; a folder that cannot be written only costs the time saved."""
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=memory.parent, delete=False) as draft:
            json.dump(sums, draft)
        Path(draft.name).replace(memory)
    except OSError:
        return
