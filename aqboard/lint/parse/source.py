"""Read a script that somebody names, without trusting the file."""

import os
import stat
from pathlib import Path

from aqboard.domain.errors import LaunchError

MAX_BYTES = 1 << 20
"""Slurm's own default limit is 4 MB; a script of more than 1 MB is another file named by mistake."""


class Unreadable(LaunchError):
    """The file is not a script that can be read."""

    code = "unreadable"


def read_text(path: Path) -> str:
    """The text of a script. Bytes that are not UTF-8 become replacement characters; `decode` says how many.

    Raises Unreadable for what is not there, not a regular file, larger than `MAX_BYTES`, empty, or not text.
    """
    try:
        # Not blocking: opening a FIFO would wait for somebody to write into it.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor that is open already
            kind = os.fstat(handle).st_mode
            if not stat.S_ISREG(kind):
                what = "a folder" if stat.S_ISDIR(kind) else "not a regular file"
                raise Unreadable(f"{path} is {what}; name the script itself.")
            return decode(file.read(MAX_BYTES + 1), str(path))
    except IsADirectoryError:
        raise Unreadable(f"{path} is a folder; name the script itself.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is not a file name"
        raise Unreadable(f"{path} cannot be read: {reason}.") from None


def decode(content: bytes, name: str) -> str:
    """The text in a file's bytes; raises Unreadable when there is none, too much, or when it is not text."""
    if len(content) > MAX_BYTES:
        raise Unreadable(f"{name} is larger than {MAX_BYTES >> 20} MB; no batch script is.")
    if not content.strip():
        raise Unreadable(f"{name} is empty.")
    if b"\0" in content:
        raise Unreadable(f"{name} is not text: it holds NUL bytes. Name the script, not a program or an archive.")
    return content.decode(errors="replace")
