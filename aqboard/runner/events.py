"""What the probe process says while it works, one JSON line each, appended to a file in the session's folder.

A file and not a pipe: the lines survive both processes, and a probe that prints garbage cannot get in between.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from aqboard.domain.model import Record
from aqboard.domain.outcome import ProbeOutcome


class Started(Record):
    """A probe began."""

    event: Literal["started"] = "started"
    probe: str
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


class Progressed(Record):
    """A probe tells how far it is."""

    event: Literal["progressed"] = "progressed"
    probe: str
    message: str
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


class Ended(Record):
    """A probe came to its end, one way or the other."""

    event: Literal["ended"] = "ended"
    outcome: ProbeOutcome
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


Event = Started | Progressed | Ended
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


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
            if event := _parsed(line):
                yield event


def _parsed(line: bytes) -> Event | None:
    try:
        return _EVENT.validate_python(json.loads(line))
    except ValueError:  # pydantic's errors are ValueErrors too
        return None
