"""A Slurm that answers as it is told, for what the real one does too seldom; that one is in tests/slurm."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from aqboard.jobs.slurm import Job, JobState, Placement, SlurmError, Trial


class Told:
    """Answers `test_only` with a fitting placement, numbers jobs from 1, and remembers what it was asked."""

    def __init__(self, refuse_from: int = 99, code: str = "slurm-refused", forgets: bool = False) -> None:
        self.submitted: list[tuple[str, str | None]] = []
        self.cancelled: list[str] = []
        self.refuse_from, self.code, self.forgets = refuse_from, code, forgets
        self.states: dict[str, JobState] = {}
        """By number, what it says of a job; PENDING where nothing is written here."""

    def test_only(self, script: Path, *, folder: Path) -> Trial:
        small = "canary" in script.name
        return trial(2 if small else 50, "dev-g" if small else "standard-g")

    def submit(self, script: Path, *, after_ok: str | None, folder: Path) -> str:
        if len(self.submitted) + 1 >= self.refuse_from:
            raise SlurmError("The project's limits do not allow it.", code=self.code)
        self.submitted.append((script.name, after_ok))
        return str(len(self.submitted))

    def cancel(self, job: str) -> None:
        if self.forgets:
            raise SlurmError("Slurm does not answer.", code="slurm-silent")
        self.cancelled.append(job)

    def jobs(self, ids: Iterable[str]) -> dict[str, Job]:
        return {job: Job(id=job, state=self.states.get(job, JobState.PENDING)) for job in ids}


def trial(nodes: int, partition: str, processors: int = 5600) -> Trial:
    placed = Placement(
        start=datetime(2026, 11, 25, 9, 0),
        processors=processors,
        nodes=tuple(f"nid{i:06}" for i in range(nodes)),
        partition=partition,
    )
    return Trial(placement=placed, words="Slurm would start it.", said="")
