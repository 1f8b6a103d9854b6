"""Calling Slurm's commands: each with a limit on its time, an environment without surprises, and words for failures."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqboard.domain.errors import SlurmError
from aqboard.jobs.slurm.jobs import SACCT_FIELDS, SQUEUE_FIELDS, Job, read_sacct, read_squeue, unknown
from aqboard.jobs.slurm.trial import Trial, read_job_id, read_trial
from aqboard.jobs.slurm.words import SILENT, explain

TIMEOUT_S = 60.0
"""A busy controller takes tens of seconds; one that is gone is asked in vain for about as long."""

SILENCE = "slurm-silent"
TAKEN_PERHAPS = "It may have taken the job all the same: look with `squeue --me` before submitting it again."

OTHERS_SETTINGS = re.compile(r"(?:SBATCH|SLURMD?|SRUN|SALLOC|SQUEUE|SINFO|SCANCEL|SACCT)_")
KEPT = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT")

_JOB = re.compile(r"\d{1,10}", re.ASCII)


def leaking() -> tuple[str, ...]:
    """The variables of this process that must not reach Slurm's commands.

    SBATCH_PARTITION and its like win over the directives of a script, so that another job would run than the one that
    was signed; SLURM_TIME_FORMAT changes what is printed; SLURM_* of a job around this one would leak into the next.
    """
    return tuple(name for name in os.environ if OTHERS_SETTINGS.match(name) and name not in KEPT)


def surroundings() -> dict[str, str]:
    """The environment for Slurm's commands, and so for the jobs they submit."""
    dropped = set(leaking())
    return {name: value for name, value in os.environ.items() if name not in dropped}


@dataclass(frozen=True)
class Slurm:
    """Slurm as reached from this machine. Every method raises SlurmError when it is not here or does not answer."""

    timeout_s: float = TIMEOUT_S

    def test_only(self, script: Path, *options: str, folder: Path | None = None) -> Trial:
        """What Slurm would do with the script; nothing is submitted. `options` win over the script's directives.

        It judges partition, account, nodes, time and resources. Not: misspelt comments in the place of #SBATCH,
        directives below the first command, the shell's syntax, or folders that do not exist.
        """
        done = self._run("sbatch", "--test-only", *options, _argument(script), folder=folder)
        if done.returncode != 0 and SILENT.search(done.stderr):
            raise SlurmError(explain(done.stderr), code=SILENCE)
        return read_trial(done.returncode, done.stderr)

    def submit(self, script: Path, *options: str, after_ok: str | None = None, folder: Path | None = None) -> str:
        """Submit the script; the job's number. `folder`: where it is submitted, and so where its log goes.

        `after_ok`: the job begins when that one has completed well, and is cancelled when that one has not. Raises
        SlurmError with Slurm's refusal in words; after `slurm-silent` the job may have been taken all the same.
        """
        chain = ("--dependency=afterok:" + _number(after_ok), "--kill-on-invalid-dep=yes") if after_ok else ()
        try:
            done = self._run("sbatch", "--parsable", *chain, *options, _argument(script), folder=folder)
            _require(done)
        except SlurmError as error:
            if error.code != SILENCE:
                raise
            raise SlurmError(f"{error.message} {TAKEN_PERHAPS}", code=SILENCE) from None
        return read_job_id(done.stdout)

    def jobs(self, ids: Iterable[str]) -> dict[str, Job]:
        """What became of each job: squeue's answer, for those it has forgotten sacct's, else UNKNOWN."""
        wanted = [_number(job) for job in dict.fromkeys(ids)]
        if not wanted:
            return {}
        found = {job.id: job for job in self._squeue(wanted) if job.id in wanted}
        if missing := [job for job in wanted if job not in found]:
            found |= {job.id: job for job in self._sacct(missing) if job.id in missing}
        return {job: found.get(job) or unknown(job) for job in wanted}

    def job(self, job: str) -> Job:
        """What became of one job."""
        return self.jobs([job])[job]

    def cancel(self, job: str) -> None:
        """Ask Slurm to end the job; it is no error when it has ended already or is not known any more."""
        done = self._run("scancel", _number(job))
        if not re.search("Invalid job id|already complet", done.stderr):
            _require(done)

    def _squeue(self, ids: Sequence[str]) -> Iterable[Job]:
        done = self._run("squeue", "--noheader", "--states=all", f"--jobs={','.join(ids)}", f"--Format={SQUEUE_FIELDS}")
        if "Invalid job id" not in done.stderr:  # said when it knows none of them
            _require(done)
        return read_squeue(done.stdout)

    def _sacct(self, ids: Sequence[str]) -> Iterable[Job]:
        """What accounting remembers; nothing where there is no accounting, or it does not answer."""
        if shutil.which("sacct") is None:
            return ()
        try:
            done = self._run(
                "sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={','.join(ids)}",
                f"--format={SACCT_FIELDS}",
            )  # fmt: skip
        except SlurmError:
            return ()
        return read_sacct(done.stdout)

    def _run(self, program: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [program, *arguments],
                env=surroundings(),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SlurmError(
                f"Slurm does not answer: {program} was stopped after {self.timeout_s:g} s. The controller is down or "
                "overloaded; try again in a few minutes.",
                code=SILENCE,
            ) from None
        except OSError as error:
            if shutil.which(program) is None:
                raise SlurmError(
                    f"Slurm is not installed here: there is no {program}. Go to a login node of the cluster.",
                    code="slurm-missing",
                ) from None
            where = f" in {folder}" if folder else ""
            raise SlurmError(f"{program} cannot be started{where}: {error.strerror}.", code="slurm-missing") from None


def _require(done: subprocess.CompletedProcess[str]) -> None:
    """Raise SlurmError when a command failed: refused, or not answered."""
    if done.returncode != 0:
        raise SlurmError(explain(done.stderr), code=SILENCE if SILENT.search(done.stderr) else SlurmError.code)


def _number(job: str) -> str:
    if not _JOB.fullmatch(job):
        raise SlurmError(f"{job!r} is not the number of a Slurm job.")
    return job


def _argument(path: Path) -> str:
    """A path that is never taken for an option."""
    return str(path.absolute())
