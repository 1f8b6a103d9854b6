"""The file that a check session writes its events to, one JSON line each.

A file and not a pipe: the lines survive every process, and a probe that prints garbage cannot get in between.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from aqboard.domain.errors import SessionError
from aqboard.domain.session.events import (
    Ended,
    Event,
    EventLine,
    Progressed,
    SessionEnded,
    SessionStarted,
    Started,
    parsed,
)

__all__ = ["Ended", "Event", "EventLine", "Progressed", "SessionEnded", "SessionStarted", "Started", "Tail", "append"]

CHUNK_BYTES = 4 << 20
LINE_BYTES = 64 << 20
"""No honest event is longer: the evidence of a probe is a few megabytes at most."""


def append(path: Path, event: Event) -> None:
    """Add one line; it is with the operating system when this returns, so a kill right after loses nothing.

    What cannot be measured again cheaply is on the disk by then, so that a node that loses its power keeps it too.
    A line that a killed process left unfinished is closed first, so that it cannot swallow this one.
    Raises SessionError when the file cannot take it: the disk is full, or gone.
    """
    try:
        with path.open("ab+", buffering=0) as file:
            close_torn_line(file.fileno())
            _write(file.fileno(), event.model_dump_json().encode() + b"\n")
            if isinstance(event, Ended | SessionStarted | SessionEnded):
                os.fsync(file.fileno())
    except OSError as error:
        raise SessionError(f"{path} cannot be written: {error.strerror}.", code="cannot-write") from None


def close_torn_line(file: int) -> None:
    """End an unfinished last line of an open file."""
    size = os.lseek(file, 0, os.SEEK_END)
    if size and os.pread(file, 1, size - 1) != b"\n":
        _write(file, b"\n")


def _write(file: int, data: bytes) -> None:
    while data:  # a disk that is nearly full takes a part
        data = data[os.write(file, data) :]


def lines(path: Path, position: int, most_bytes: int = CHUNK_BYTES) -> tuple[EventLine, ...]:
    """Whole lines from `position` on, about `most_bytes` of them; empty when there are no more.

    A torn last line waits until it is whole. One of more than LINE_BYTES is handed over in pieces that say nothing.
    """
    try:
        with path.open("rb") as file:
            file.seek(position)
            data = file.read(most_bytes)
            if len(data) == most_bytes and b"\n" not in data:
                data += file.read(LINE_BYTES - most_bytes)
    except FileNotFoundError:
        return ()
    whole = data[: data.rfind(b"\n") + 1]
    if not whole and len(data) >= LINE_BYTES:
        return (EventLine(position, position + len(data), b""),)
    found = []
    for text in _split(whole):
        found.append(EventLine(position, position + len(text), text.rstrip(b"\n")))
        position += len(text)
    return tuple(found)


def _split(whole: bytes) -> list[bytes]:
    """By newlines alone: garbage may hold a carriage return, which `splitlines` would split at."""
    return [text + b"\n" for text in whole.split(b"\n")[:-1]]


class Tail:
    """Reads the events that were added since it last looked."""

    def __init__(self, path: Path, *, from_end: bool = False) -> None:
        self._path = path
        self._position = path.stat().st_size if from_end and path.exists() else 0

    def new(self) -> Iterator[Event]:
        """The events added since the last call, in order. A line that is no event is passed over."""
        while found := lines(self._path, self._position):
            self._position = found[-1].end
            for line in found:
                if event := parsed(line.text):
                    yield event
