"""What the Slurm job of a session runs: the same process as on every backend, in the place of submitit's.

It takes that process's place, rather than being started by it, so that the signals with which Slurm ends a job
reach the session itself, which then writes its last line. submitit would catch them to ask for a requeue.
"""

import os
from pathlib import Path

from aqboard.sessions.backends.base import SUPERVISOR_LOG, command

KEPT = ("SLURM_CONF", "SLURM_JOB_ID", "SLURMD_NODENAME")


def become_session(folder: str) -> None:
    """Become the process of the session in `folder`; what it prints goes where a local one's does.

    Of Slurm's variables it keeps a few. A probe is one process: told of tasks and ranks, Lightning would take the job
    for a training, and would measure something else than on a machine without Slurm.
    """
    place = Path(folder)
    log = os.open(place / SUPERVISOR_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(log, stream)
    dropped = ("SLURM_", "SUBMITIT_")
    kept = {name: value for name, value in os.environ.items() if name in KEPT or not name.startswith(dropped)}
    words = command(place)
    os.execve(words[0], words, kept)  # noqa: S606 - no shell is meant
