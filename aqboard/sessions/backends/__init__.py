"""Every backend by its name, where a session can be started from here, and why not elsewhere."""

import shutil
import socket
from dataclasses import dataclass
from importlib.util import find_spec

from aqboard.domain.errors import SessionError
from aqboard.sessions.backend import Backend
from aqboard.sessions.backends.local import LocalBackend
from aqboard.sessions.backends.slurm import SlurmBackend

BACKENDS: dict[str, Backend] = {"local": LocalBackend(), "slurm": SlurmBackend()}


def backend(name: str) -> Backend:
    """The backend of this name; raises SessionError, and says which there are."""
    found = BACKENDS.get(name)
    if found is None:
        raise SessionError(f"There is no backend {name!r}. There are {', '.join(BACKENDS)}.")
    return found


@dataclass(frozen=True)
class AvailableBackend:
    """One backend; `why_not` is empty when a session can be started there."""

    name: str
    where: str
    why_not: str = ""


def available_backends() -> tuple[AvailableBackend, ...]:
    """Every backend that aqboard knows, this machine first."""
    return (
        AvailableBackend("local", f"on this machine ({socket.gethostname()})"),
        AvailableBackend("slurm", "as a Slurm job, on a node of the plan's cluster", _no_slurm()),
    )


def _no_slurm() -> str:
    if "slurm" not in BACKENDS:
        return "this aqboard has no Slurm backend"
    if shutil.which("sbatch") is None:
        return "there is no `sbatch` on this machine"
    if find_spec("submitit") is None:
        return "submitit is not installed; `pip install 'aqboard[slurm]'` brings it"
    return ""
