"""Read what a job's guard wrote. The file lies where the job could write, so it may hold anything, or half of it."""

from pathlib import Path

from pydantic import ValidationError

from aqboard.domain.job.guard_verdict import GuardVerdict
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.guard.opening import open_regular
from aqboard.readers.errors import ReadError

MAX_BYTES = 256 << 10
"""A verdict with a hundred looks has forty kilobytes."""


def read_verdict(manifest: LaunchManifest) -> GuardVerdict | None:
    """The verdict of this launch's job; None while there is none.

    Raises ReadError: `not-a-file`, `no-permission`, `too-big`, `malformed` for what is no verdict, and `other-launch`
    for one that speaks of another attempt, seal or manifest.
    """
    path = manifest.verdict_file
    content = _read(path)
    if content is None:
        return None
    try:
        verdict = GuardVerdict.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise ReadError(f"{path} is not a guard's verdict: {where}: {fault['msg']}.", code="malformed") from None
    known = (manifest.attempt, manifest.seal, manifest.sha256)
    if (verdict.attempt, verdict.seal, verdict.manifest) != known:
        raise ReadError(
            f"{path} speaks of attempt {verdict.attempt[:40]}, seal {verdict.seal[:12]}, not of this launch; somebody "
            "put it there, or the folder was used for two launches.",
            code="other-launch",
        )
    return verdict


def _read(path: Path) -> bytes | None:
    """Its bytes; None when nothing has that name. Follows no link, waits for no pipe, reads no more than a verdict."""
    try:
        with open_regular(path, follow_links=False) as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        code = "no-permission" if isinstance(error, PermissionError) else "not-a-file"
        raise ReadError(f"{path} cannot be read ({error.strerror or 'not a regular file'}).", code=code) from None
    if len(content) > MAX_BYTES:
        raise ReadError(f"{path} is larger than any verdict ({MAX_BYTES >> 10} KiB).", code="too-big")
    return content
