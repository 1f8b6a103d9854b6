"""The only place that opens a name it does not trust, and the only one that replaces a small file whole."""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}


class NotRegular(OSError):
    """The name belongs to something other than a regular file; `found` says to what, e.g. `a folder`."""

    def __init__(self, path: Path | str, mode: int) -> None:
        self.found = KINDS.get(stat.S_IFMT(mode), "something else")
        super().__init__(errno.EINVAL, f"{self.found}, not a regular file", str(path))


class TooLarge(OSError):
    """The file is larger than the caller allows."""

    def __init__(self, path: Path | str, largest: int) -> None:
        super().__init__(errno.EFBIG, f"larger than {largest} bytes", str(path))


def open_regular(
    path: Path | str, *, follow_links: bool = True, largest: int | None = None, dir_fd: int | None = None
) -> BinaryIO:
    """A regular file, open for reading; never waits for a pipe and never touches a device.

    `largest`: bytes it may hold now; it can still grow, so read no more than that. `dir_fd`: an open folder that a
    relative `path` is looked up in. With `follow_links=False` the last part of the path must not be a link.

    Raises NotRegular, TooLarge, and OSError as `open` does; FileNotFoundError for what cannot be a file name at all.
    """
    try:
        # Checked before opening, because opening some devices already does something.
        _require_regular(path, os.stat(path, dir_fd=dir_fd, follow_symlinks=follow_links))
        # Not blocking: another process may put a pipe in its place meanwhile, and opening that would wait for a writer.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | (0 if follow_links else os.O_NOFOLLOW)
        descriptor = os.open(path, flags, dir_fd=dir_fd)
    except ValueError:  # a NUL character, or half of a surrogate pair
        raise FileNotFoundError(errno.ENOENT, "no file can have that name", str(path)) from None
    try:
        status = os.fstat(descriptor)
        _require_regular(path, status)
        if largest is not None and status.st_size > largest:
            raise TooLarge(path, largest)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path | str, largest: int, *, follow_links: bool = True) -> bytes:
    """The bytes of a regular file of at most `largest` bytes; raises as `open_regular` does."""
    with open_regular(path, follow_links=follow_links, largest=largest) as file:
        content = file.read(largest + 1)
    if len(content) > largest:  # it grew, or its size is not told, as in /proc
        raise TooLarge(path, largest)
    return content


def write_whole(path: Path, content: bytes | str, *, mode: int | None = None) -> None:
    """Replace `path` so that a reader sees all of the new content or all of the old; raises OSError.

    The draft lies in the same folder, which must exist; it is on disk before it gets the name. `mode`: the file's
    permissions, by default what the process's umask allows. Text is written as UTF-8; surrogates become `?`.
    """
    data = content.encode(errors="replace") if isinstance(content, str) else content
    # The random part: several threads and machines may write the same file, and nobody may prepare the draft's name.
    draft = path.with_name(f".{path.name[:40]}.{os.getpid()}.{secrets.token_hex(4)}.draft")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(draft, flags, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if mode is not None:
                os.fchmod(file.fileno(), mode)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def _require_regular(path: Path | str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotRegular(path, status.st_mode)
