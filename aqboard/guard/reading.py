"""Read a manifest whose digest somebody else vouches for."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from aqboard import __version__
from aqboard.domain.job.guard_verdict import Stop
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.guard.opening import open_regular

MAX_BYTES = 8 << 20
"""A manifest has a few kilobytes."""


class Fault(NamedTuple):
    """One reason not to start."""

    code: Stop
    sentence: str


class Refused(Exception):
    """The manifest cannot be used at all."""

    def __init__(self, code: Stop, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = Fault(code, sentence)


def read_manifest(path: Path, sha256: str | None) -> LaunchManifest:
    """The manifest whose bytes have that digest; `None` takes it as it is. Raises Refused."""
    try:
        with open_regular(path) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror or "not a regular file"
        told = f"The manifest {path} cannot be read on this node ({why}). Is its folder visible here?"
        raise Refused(Stop.DIGEST, told) from None
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256.strip().lower():
        told = (
            f"The manifest {path} is not the one this script was written for: its SHA-256 is {found[:12]}... instead "
            f"of {sha256[:12]}.... Submit the script that the latest GO wrote, with the manifest beside it."
        )
        raise Refused(Stop.DIGEST, told)
    try:
        return LaunchManifest.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        told = (
            f"The manifest {path} cannot be understood by aqboard {__version__} on this node: {where}: "
            f"{fault['msg']}. Use the version that wrote it."
        )
        raise Refused(Stop.CONFIGURATION, told) from None
