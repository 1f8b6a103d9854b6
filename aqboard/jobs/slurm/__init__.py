"""Slurm's command line tools, typed: what would happen to a script, submit it, see what became of it, cancel it.

    from aqboard.jobs.slurm import Slurm

    trial = Slurm().test_only(script)
    if trial.placement: ...

Parsing is pure (`jobs`, `trial`, `words`, `nodes`); `client` alone starts processes.
"""

from aqboard.domain.errors import SlurmError
from aqboard.jobs.slurm.client import Slurm, surroundings
from aqboard.jobs.slurm.jobs import Job, JobState
from aqboard.jobs.slurm.nodes import expand
from aqboard.jobs.slurm.trial import Placement, Trial
from aqboard.jobs.slurm.words import explain

__all__ = ["Job", "JobState", "Placement", "Slurm", "SlurmError", "Trial", "expand", "explain", "surroundings"]
