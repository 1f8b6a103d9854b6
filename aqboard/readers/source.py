"""Bytes of a regular file, by offset.

Protects against what is no file at all (FIFO, device, directory, link loop) and against files that shrink or are
replaced while open: `pread` on one descriptor gives an error where a memory map would kill the process.
"""

import errno
import os
import stat
import weakref
from pathlib import Path

from aqboard.readers.errors import ReadError

CHUNK = 4 << 20


class FileSource:
    """An open regular file. `size` is its size in bytes when it was opened."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._fd = _open_regular(self.path)
        self._closer = weakref.finalize(self, os.close, self._fd)
        self.stat = os.fstat(self._fd)
        self.size = self.stat.st_size

    def read(self, offset: int, count: int) -> bytes:
        """Exactly `count` bytes from `offset`; ReadError (`truncated`) where the file ends before that."""
        if offset < 0 or count < 0 or offset + count > self.size:
            raise ReadError(
                f"{count} bytes are wanted at {offset}, but the file ends at {self.size}; "
                "it was cut short: copy or download it again.",
                code="truncated",
            )
        try:
            data = os.pread(self._fd, count, offset)
            if len(data) < count:  # Linux returns at most 2 GiB per call
                data = self._read_rest(data, offset, count)
        except OSError as error:
            raise _os_error(self.path, error) from None
        return data

    def read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill `buffer` from `offset`; ReadError (`truncated`, `changed`) where the file ends before."""
        if offset < 0 or offset + len(buffer) > self.size:
            raise ReadError(f"The file ends before byte {offset + len(buffer)}; it was cut short.", code="truncated")
        got = 0
        while got < len(buffer):
            count = os.preadv(self._fd, [buffer[got:]], offset + got)
            if count == 0:
                raise ReadError("The file shrank while it was read; try again later.", code="changed")
            got += count

    def _read_rest(self, data: bytes, offset: int, count: int) -> bytes:
        parts, got = [data], len(data)
        while got < count:
            part = os.pread(self._fd, count - got, offset + got)
            if not part:
                raise ReadError("The file shrank while it was read; try again later.", code="changed")
            parts.append(part)
            got += len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Release the descriptor; calling it twice is harmless."""
        self._closer()

    def __enter__(self) -> "FileSource":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_regular(path: Path) -> int:
    """Open without blocking, refusing whatever is not a regular file with at least one byte."""
    try:
        # Looked at before opening: opening some devices already does something.
        _require_regular(path, path.stat())
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise _os_error(path, error) from None
    except ValueError:
        raise ReadError("The path contains a NUL character.", code="not-found") from None
    try:
        _require_regular(path, os.fstat(fd))
    except ReadError:
        os.close(fd)
        raise
    return fd


def _require_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = {"d": "a directory", "p": "a FIFO", "c": "a device", "b": "a device", "s": "a socket"}
        found = kind.get(stat.filemode(status.st_mode)[0], "not a regular file")
        raise ReadError(f"{path} is {found}; name a file.", code="not-a-file")
    if status.st_size == 0:
        raise ReadError(f"{path} is empty (0 bytes); the job that wrote it was interrupted.", code="empty")


def _os_error(path: Path, error: OSError) -> ReadError:
    codes = {errno.ENOENT: "not-found", errno.EACCES: "no-permission", errno.EPERM: "no-permission"}
    code = codes.get(error.errno or 0, "os-error")
    return ReadError(f"{path} cannot be opened: {error.strerror or error}.", code=code)
