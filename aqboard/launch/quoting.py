"""The only ways a value may enter a script. Each returns `Safe` text, and the template engine takes nothing else.

A value that cannot be written safely raises LaunchError: it is never repaired in silence.
"""

import re
import shlex
import unicodedata

from aqboard.domain.errors import LaunchError

_WORD = re.compile(r"[A-Za-z0-9/][A-Za-z0-9_.:,/+-]*", re.ASCII)
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)


class Safe(str):
    """Text that one of the functions below has checked or quoted."""

    __slots__ = ()


def sh(value: str) -> Safe:
    """One shell word that bash reads back as exactly `value`, on one line.

    Characters that a reader could not see (controls, bidirectional marks) are written as `$'\\xNN'`, so that what
    a person reads in the script is what runs.
    """
    if "\x00" in value:
        raise LaunchError(f"{value!r} holds a zero byte, which no command can be given; remove it from the plan.")
    if value.isprintable():
        return Safe(shlex.quote(value))
    return Safe("$'" + "".join(_ansi_c(char) for char in value) + "'")


def words(values: tuple[str, ...]) -> Safe:
    """Several shell words, one after another."""
    return Safe(" ".join(sh(value) for value in values))


def word(value: str) -> Safe:
    """A name that needs no quotes anywhere: letters, digits and `_ . : , / + -`, not beginning like an option."""
    if not _WORD.fullmatch(value):
        raise LaunchError(f"{value!r} cannot stand in a batch directive: use letters, digits, '_', '.' and '-' only.")
    return Safe(value)


def number(value: int) -> Safe:
    """A whole number."""
    return Safe(f"{value:d}")


def variable(value: str) -> Safe:
    """The name of an environment variable."""
    if not _VARIABLE.fullmatch(value):
        raise LaunchError(f"{value!r} is not the name of an environment variable.")
    return Safe(value)


def slug(value: str) -> Safe:
    """A job name for Slurm: `value` with everything but ASCII letters, digits, `_`, `.` and `-` turned into `-`.

    Slurm puts the job name into file names, mail and other people's scripts, where quotes do not protect it.
    """
    ascii_only = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    return Safe(re.sub(r"[^A-Za-z0-9_.-]+", "-", ascii_only).strip("-.")[:64].strip("-.") or "launch")


def comment(value: str) -> Safe:
    """Text behind a `#`: one line, every character visible. Empty text gives an empty comment."""
    visible = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in value)
    return Safe(f" {visible}" if visible else "")


def _ansi_c(char: str) -> str:
    if char in "\\'":
        return "\\" + char
    if char.isprintable():
        return char
    try:
        return "".join(f"\\x{byte:02x}" for byte in char.encode())
    except UnicodeEncodeError:
        raise LaunchError(f"{char!r} is not a Unicode character; remove it from the plan.") from None
