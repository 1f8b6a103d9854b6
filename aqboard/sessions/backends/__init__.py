"""Every backend there is, by its name."""

from aqboard.domain.errors import SessionError
from aqboard.sessions.backends.base import Backend
from aqboard.sessions.backends.local import LocalBackend
from aqboard.sessions.backends.slurm import SlurmBackend

BACKENDS: dict[str, Backend] = {"local": LocalBackend(), "slurm": SlurmBackend()}


def backend(name: str) -> Backend:
    """The backend of this name; raises SessionError, and says which there are."""
    found = BACKENDS.get(name)
    if found is None:
        raise SessionError(f"There is no backend {name!r}. There are {', '.join(BACKENDS)}.")
    return found
