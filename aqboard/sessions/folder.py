"""The folder of a check session: what is to be done goes in before it starts, what was found is added as it comes.

Everything in it is written by aqboard itself or by the team's code with the same rights; a folder that came from
another machine goes through `runner.foreign_folder` first.
"""

import hashlib
import shutil
from pathlib import Path

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import SessionError
from aqboard.domain.session.check_session import CancelRequest, CheckSession
from aqboard.domain.session.events import FileSum
from aqboard.sessions.backends.base import ATTEMPT, CANCEL, EVENTS, SESSION, WORKER_LOG, write_whole

SUMMED = (SESSION, ATTEMPT, EVENTS, WORKER_LOG)
"""What the last line holds a copy against, in this order."""


def create(folder: Path, session: CheckSession, attempt: Attempt) -> None:
    """Make the folder with all that the session's process needs; raises SessionError and leaves nothing behind."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise SessionError(f"The folder {folder} for this session cannot be made: {error.strerror}.") from None
    try:
        write_whole(folder / ATTEMPT, attempt)
        write_whole(folder / SESSION, session)
    except SessionError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def read_session(folder: Path) -> CheckSession:
    """What is to be done in this folder; raises SessionError."""
    try:
        return CheckSession.model_validate_json((folder / SESSION).read_bytes())
    except OSError as error:
        raise SessionError(f"{folder} is no session's folder: {SESSION} cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise SessionError(f"{folder / SESSION} does not say what a session is: {error}") from None


def request_cancel(folder: Path, by: str) -> None:
    """Ask the session to stop; its process looks for this several times a second."""
    write_whole(folder / CANCEL, CancelRequest(by=by))


def cancel_request(folder: Path) -> CancelRequest | None:
    """Who asked it to stop; None when nobody did."""
    try:
        text = (folder / CANCEL).read_bytes()
    except OSError:
        return None
    try:
        return CancelRequest.model_validate_json(text)
    except ValueError:
        return CancelRequest(by="somebody")  # the file alone is the request: `touch cancel` does it by hand


def sums(folder: Path) -> dict[str, FileSum]:
    """Size and SHA-256 of each file that a copy must bring along, as they are now."""
    return {name: _sum(folder / name) for name in SUMMED if (folder / name).exists()}


def _sum(path: Path) -> FileSum:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return FileSum(size=size, sha256=digest.hexdigest())
