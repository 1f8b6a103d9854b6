"""Read a script that somebody names, without trusting the file."""

from pathlib import Path

from aqboard.domain.errors import LaunchError
from aqboard.files import NotRegular, TooLarge, read_regular

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
        return decode(read_regular(path, MAX_BYTES), str(path))
    except NotRegular as error:
        raise Unreadable(f"{path} is {error.found}; name the script itself.") from None
    except TooLarge:
        raise Unreadable(_too_large(str(path))) from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None


def decode(content: bytes, name: str) -> str:
    """The text in a file's bytes; raises Unreadable when there is none, too much, or when it is not text."""
    if len(content) > MAX_BYTES:
        raise Unreadable(_too_large(name))
    if not content.strip():
        raise Unreadable(f"{name} is empty.")
    if b"\0" in content:
        raise Unreadable(f"{name} is not text: it holds NUL bytes. Name the script, not a program or an archive.")
    return content.decode(errors="replace")


def _too_large(name: str) -> str:
    return f"{name} is larger than {MAX_BYTES >> 20} MB; no batch script is."
