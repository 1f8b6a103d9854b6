"""Where sessions can be started from here, and why not elsewhere."""

import shutil
import socket
from dataclasses import dataclass
from importlib.util import find_spec

from aqboard.sessions.backends import BACKENDS


@dataclass(frozen=True)
class Offer:
    """One backend; `why_not` is empty when a session can be started there."""

    name: str
    where: str
    why_not: str = ""


def offers() -> tuple[Offer, ...]:
    """Every backend that aqboard knows, this machine first."""
    return (
        Offer("local", f"on this machine ({socket.gethostname()})"),
        Offer("slurm", "as a Slurm job, on a node of the plan's cluster", _no_slurm()),
    )


def _no_slurm() -> str:
    if "slurm" not in BACKENDS:
        return "this aqboard has no Slurm backend"
    if shutil.which("sbatch") is None:
        return "there is no `sbatch` on this machine"
    if find_spec("submitit") is None:
        return "submitit is not installed; `pip install 'aqboard[slurm]'` brings it"
    return ""
