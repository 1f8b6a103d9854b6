"""Slurm's command line tools, typed: what would happen to a script, submit it, see what became of it, cancel it.

    from aqboard.slurm import Slurm

    trial = Slurm().test_only(script)
    if trial.placement: ...

Parsing is pure (`jobs`, `trial`, `words`, `nodes`); `client` alone starts processes.
"""

from aqboard.slurm.client import Slurm, surroundings
from aqboard.slurm.errors import SlurmError
from aqboard.slurm.jobs import Job, JobState
from aqboard.slurm.nodes import expand
from aqboard.slurm.trial import Placement, Trial
from aqboard.slurm.words import explain

__all__ = ["Job", "JobState", "Placement", "Slurm", "SlurmError", "Trial", "expand", "explain", "surroundings"]
