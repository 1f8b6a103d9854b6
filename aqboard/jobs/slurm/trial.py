"""What `sbatch --test-only` and `sbatch --parsable` answer."""

import re
from datetime import datetime

from aqboard.domain.errors import SlurmError
from aqboard.domain.model import Record
from aqboard.jobs.slurm.nodes import expand
from aqboard.jobs.slurm.words import explain

_PLACED = re.compile(
    r"Job (\d+) to start at (\S+) using (\d+) processors on (?:nodes )?(\S*) in partition (\S+)", re.ASCII
)
_SUBMITTED = re.compile(r"(\d+)(?:;(\S+))?", re.ASCII)


class Placement(Record):
    """Where and when Slurm would run the job, were it submitted now."""

    start: datetime
    """Slurm's estimate, in this machine's local time and without a zone, as it is printed."""
    processors: int
    """Hardware threads, over all nodes."""
    nodes: tuple[str, ...]
    partition: str


class Trial(Record):
    """The answer to `--test-only`: a placement, or why there is none."""

    placement: Placement | None
    words: str
    """One or two sentences for people."""
    said: str
    """What Slurm printed."""

    @property
    def accepted(self) -> bool:
        """Whether Slurm would take the job."""
        return self.placement is not None


def read_trial(code: int, printed: str) -> Trial:
    """The trial from sbatch's exit code and what it printed on stderr; raises SlurmError when it makes no sense."""
    said = printed.strip()
    if code != 0:
        return Trial(placement=None, words=explain(printed), said=said)
    match = _PLACED.search(printed)
    if match is None:
        raise SlurmError(f"Slurm accepted the script, but its answer is not understood: {said!r}.")
    start, processors, nodes, partition = match.groups()[1:]
    try:
        placed = Placement(
            start=datetime.fromisoformat(start), processors=int(processors), nodes=expand(nodes), partition=partition
        )
    except ValueError:
        raise SlurmError(f"Slurm accepted the script, but its answer is not understood: {said!r}.") from None
    if not placed.nodes:  # `--nodes=0` is accepted, and gets nothing
        return Trial(placement=None, words="Slurm would give this job no node at all; ask for at least one.", said=said)
    count = len(placed.nodes)
    words = (
        f"Slurm would start it on {count} node{'s' if count > 1 else ''} of {placed.partition} "
        f"({placed.processors} processors), at {placed.start:%Y-%m-%d %H:%M} by its present estimate."
    )
    return Trial(placement=placed, words=words, said=said)


def read_job_id(printed: str) -> str:
    """The job's number from `sbatch --parsable`; raises SlurmError when there is none."""
    match = _SUBMITTED.fullmatch(printed.strip())
    if match is None:
        raise SlurmError(
            f"Slurm took the job, but what it printed holds no job number: {printed.strip()!r}. Look for it with "
            "`squeue --me`."
        )
    return match[1]
