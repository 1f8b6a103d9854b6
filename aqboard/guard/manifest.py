"""Read a manifest whose digest somebody else vouches for."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from aqboard import __version__
from aqboard.domain.errors import AqboardError
from aqboard.domain.job.guard_verdict import Stop
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.domain.model import first_fault
from aqboard.files import open_regular

MAX_BYTES = 8 << 20
"""A manifest has a few kilobytes."""


class StartFault(NamedTuple):
    """One reason not to start."""

    code: Stop
    sentence: str


class ManifestRefused(AqboardError):
    """The manifest cannot be used at all."""

    def __init__(self, code: Stop, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = StartFault(code, sentence)


def read_manifest(path: Path, sha256: str | None) -> LaunchManifest:
    """The manifest whose bytes have that digest; `None` takes it as it is. Raises ManifestRefused."""
    try:
        with open_regular(path) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        told = f"The manifest {path} cannot be read on this node ({error.strerror}). Is its folder visible here?"
        raise ManifestRefused(Stop.DIGEST, told) from None
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256.strip().lower():
        told = (
            f"The manifest {path} is not the one this script was written for: its SHA-256 is {found[:12]}... instead "
            f"of {sha256[:12]}.... Submit the script that the latest GO wrote, with the manifest beside it."
        )
        raise ManifestRefused(Stop.DIGEST, told)
    try:
        return LaunchManifest.model_validate_json(content)
    except ValidationError as error:
        told = (
            f"The manifest {path} cannot be understood by aqboard {__version__} on this node: "
            f"{first_fault(error, 'the file')} Use the version that wrote it."
        )
        raise ManifestRefused(Stop.CONFIGURATION, told) from None
