"""A session's folder that was copied from another machine: read with suspicion, taken over whole or not at all.

Only the four files that the session's last line vouches for are taken, each through a descriptor that follows no link
and up to a size that an honest session never reaches. The sums show damage on the way; they cannot show who wrote them.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import SessionError
from aqboard.domain.model import Record, first_fault
from aqboard.domain.session.check_session import CheckSession, Uid
from aqboard.domain.session.events import SessionEnded, parsed
from aqboard.files import open_regular
from aqboard.sessions.backend import ATTEMPT, EVENTS, SESSION, WORKER_LOG
from aqboard.sessions.folder import SUMMED

LARGEST_BYTES = {SESSION: 1 << 20, ATTEMPT: 32 << 20, EVENTS: 256 << 20, WORKER_LOG: 256 << 20}
R = TypeVar("R", bound=Record)
_UID: TypeAdapter[str] = TypeAdapter(Uid)


@dataclass(frozen=True)
class Copy:
    """What a folder holds, once it lies in a folder of ours."""

    folder: Path
    session: CheckSession
    attempt: Attempt


def take_copy(source: Path, target: Path, *, unfinished: bool = False) -> Copy:
    """Copy a session's files into the empty folder `target`, and check them there.

    `unfinished` allows a folder without a last line: of a session that was killed, or a copy that is not complete.
    Raises SessionError for anything that an honest session does not leave.
    """
    try:
        folder = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise SessionError(f"{source} is not a folder that can be read: {error.strerror}.") from None
    try:
        for name in SUMMED:
            _copy(folder, source, name, target / name)
    finally:
        os.close(folder)
    session = _parsed(target / SESSION, CheckSession)
    attempt = _parsed(target / ATTEMPT, Attempt)
    _require_same_attempt(session, attempt)
    last, position = _last_line(target / EVENTS)
    if last is not None:
        _require_sums(target, last, position)
    elif not unfinished:
        raise SessionError(
            f"{source} has no last line: the session is still at work, was killed, or was not copied to its end. Copy "
            "it again; if it was killed, add --unfinished to import what there is, without a check of its digest."
        )
    return Copy(target, session, attempt)


def _copy(folder: int, source: Path, name: str, target: Path) -> None:
    where = source / name
    try:
        reader = open_regular(name, dir_fd=folder, follow_links=False)
    except FileNotFoundError:
        if name in (SESSION, ATTEMPT):
            raise SessionError(f"{source} is no session's folder: it has no {name}.") from None
        return
    except OSError as error:
        raise SessionError(f"{where} cannot be read as a file of its own: {error.strerror}.") from None
    with reader, target.open("xb") as writer:
        left = LARGEST_BYTES[name]
        while block := reader.read(1 << 20):
            left -= len(block)
            if left < 0:
                raise SessionError(f"{where} is larger than {LARGEST_BYTES[name] >> 20} MB; no session writes so much.")
            writer.write(block)


def _parsed(path: Path, kind: type[R]) -> R:
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        told = first_fault(error, "the file")
        raise SessionError(f"{path.name} does not hold what a session writes: {told}") from None


def _require_same_attempt(session: CheckSession, attempt: Attempt) -> None:
    try:
        _UID.validate_python(attempt.uid)
    except ValidationError:
        raise SessionError(f"{ATTEMPT} has the uid {attempt.uid!r}, which no attempt of aqboard's has.") from None
    if session.attempt != attempt.uid:
        raise SessionError(
            f"{SESSION} and {ATTEMPT} belong to different attempts; the folder was put together by hand."
        )


def _last_line(events: Path) -> tuple[SessionEnded | None, int]:
    """The last line, if it is a session's, and where it begins."""
    text = events.read_bytes() if events.exists() else b""
    begin = text.rfind(b"\n", 0, -1) + 1
    event = parsed(text[begin:]) if text.endswith(b"\n") else None
    return (event if isinstance(event, SessionEnded) else None), begin


def _require_sums(folder: Path, last: SessionEnded, position: int) -> None:
    for name in (SESSION, ATTEMPT, EVENTS):
        if name not in last.files:
            raise SessionError(f"The session's last line does not vouch for {name}.")
    if last.files[EVENTS].size != position:
        raise SessionError(f"{EVENTS} was changed after the session ended: lines were added or taken away.")
    for name, known in last.files.items():
        if name not in SUMMED:
            raise SessionError(f"The session's last line names {name!r}, which is no file of a session.")
        path = folder / name
        with path.open("rb") if path.exists() else Path(os.devnull).open("rb") as file:
            content = file.read(known.size)
        if len(content) != known.size or hashlib.sha256(content).hexdigest() != known.sha256:
            raise SessionError(
                f"{name} is not what the session left (SHA-256 {known.sha256[:12]}, {known.size} bytes): it was "
                "damaged on the way, or changed. Copy the folder again."
            )
