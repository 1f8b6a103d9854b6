"""What is written down while a check session works: one event a line, in the order it happened.

`at` is the clock of the machine that wrote the event. It is shown, and used for differences between events of one
machine, never for order: clocks of two machines disagree.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, TypeAdapter

from aqboard.domain.model import Record


class ProbeOutcome(Record):
    """Written by the probe process as one JSON line; stored whole."""

    probe: str
    """Equals the kind of evidence it returns."""
    status: Literal["measured", "unavailable", "broke"]
    """`unavailable`: something the probe builds on was not measured, `message` says what."""
    evidence: dict[str, JsonValue] | None = None
    message: str = ""
    detail: str = ""
    """Traceback, for `broke`."""
    seconds: float = Field(default=0.0, ge=0)


def _now() -> datetime:
    return datetime.now(UTC)


class FileSum(Record):
    """A file as it was when the session ended: its first `size` bytes have this digest."""

    size: int = Field(ge=0)
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SessionStarted(Record):
    """The session's own process began. A session that its backend starts again has several of these."""

    event: Literal["session_started"] = "session_started"
    host: str
    pid: int
    job: str = ""
    """The Slurm job, where there is one."""
    at: AwareDatetime = Field(default_factory=_now)


class Started(Record):
    """A probe began."""

    event: Literal["started"] = "started"
    probe: str
    log: int = 0
    """Where in the session's `worker.log` this probe's output begins, in bytes."""
    at: AwareDatetime = Field(default_factory=_now)


class Progressed(Record):
    """A probe tells how far it is."""

    event: Literal["progressed"] = "progressed"
    probe: str
    message: str
    at: AwareDatetime = Field(default_factory=_now)


class Ended(Record):
    """A probe came to its end, one way or the other."""

    event: Literal["ended"] = "ended"
    outcome: ProbeOutcome
    at: AwareDatetime = Field(default_factory=_now)


class SessionEnded(Record):
    """The session's last line.

    `stopped`: a signal asked the process to end. Whether a time limit or a person sent it, its backend alone can tell.
    """

    event: Literal["session_ended"] = "session_ended"
    state: Literal["done", "failed", "cancelled", "stopped"]
    why: str = ""
    files: dict[str, FileSum] = Field(default_factory=dict)
    """What a copy of the folder is held against. Of the events' file: all that stands before this line."""
    at: AwareDatetime = Field(default_factory=_now)


Event = SessionStarted | Started | Progressed | Ended | SessionEnded
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


class EventLine(NamedTuple):
    """A whole line of a session's file, without its newline: where it begins, where the next one begins, its text."""

    begin: int
    end: int
    text: bytes


def parsed(line: bytes | str) -> Event | None:
    """The event of one line; None for a line that is none: torn, garbage, or of a newer aqboard."""
    try:
        return _EVENT.validate_json(line)
    except ValueError:  # pydantic's errors are ValueErrors too
        return None
