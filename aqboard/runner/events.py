"""The file that a check session writes its events to, one JSON line each.

A file and not a pipe: the lines survive every process, and a probe that prints garbage cannot get in between.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from aqboard.domain.events import Ended, Event, Progressed, SessionEnded, SessionStarted, Started, parsed

__all__ = ["Ended", "Event", "Progressed", "SessionEnded", "SessionStarted", "Started", "Tail", "append"]


def append(path: Path, event: Event) -> None:
    """Add one line; it is with the operating system when this returns, so a kill right after loses nothing.

    A line that a killed process left unfinished is closed first, so that it cannot swallow this one.
    """
    with path.open("ab+", buffering=0) as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
        else:
            torn = False
        file.write(b"\n" * torn + event.model_dump_json().encode() + b"\n")


class Tail:
    """Reads the lines that were added since it last looked; a torn last line waits until it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new(self) -> Iterator[Event]:
        """The events added since the last call, in order. A line that is no event is passed over."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            if event := parsed(line):
                yield event
