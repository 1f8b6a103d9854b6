"""Input files of an attempt: known by digest, and compared with what lies there now."""

from datetime import UTC, datetime
from pathlib import Path

from aqboard.domain.attempt import Attempt, InputFile
from aqboard.domain.errors import AqboardError, PlanError
from aqboard.readers.digest import file_digest


def read_input(key: str, path: Path) -> InputFile:
    """The file that the plan names under `key`, by its digests; raises PlanError when it cannot be read."""
    try:
        digest = file_digest(path)
    except AqboardError as error:
        raise PlanError(f"{key}: {error.message}", code=error.code) from None
    return InputFile(
        key=key,
        path=path,
        size=digest.size,
        mtime=datetime.fromtimestamp(digest.mtime, UTC),
        md5=digest.md5,
        sha256=digest.sha256,
    )


def changed_inputs(attempt: Attempt) -> tuple[str, ...]:
    """A sentence for each input whose content is no longer the one that was judged; empty when nothing changed."""
    changes = []
    for known in attempt.inputs:
        try:
            now = read_input(known.key, known.path)
        except PlanError as error:
            changes.append(error.message)
            continue
        if now.sha256 != known.sha256:
            changes.append(f"{known.key}: {known.path} has changed since it was checked.")
    return tuple(changes)
