"""Hand a session to Slurm through submitit. Imported only where that is done: submitit is an extra.

submitit writes the batch script, submits it, and starts a Python in the job that unpickles one call,
`become_session(folder)`. Nothing else of it is used: what became of the job is asked of Slurm itself
(`aqboard.jobs.slurm`), because submitit asks accounting alone, and its results pass through pickles.
"""

import math
import shlex
import sys
from pathlib import Path

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError

from aqboard.domain.errors import SessionError
from aqboard.domain.job.slurm_time import hours
from aqboard.domain.session.check_session import CheckJob
from aqboard.jobs.slurm import explain
from aqboard.jobs.slurm.client import TAKEN_PERHAPS, TIMEOUT_S, leaking
from aqboard.jobs.slurm.words import SILENT
from aqboard.sessions.backends.slurm_job import become_session

SUBMITIT = "submitit"
"""The folder for submitit's own files, in the session's."""
REFUSAL = "sbatch.err"
"""In that folder: what sbatch printed on stderr."""
TIMED_OUT = 124
"""What timeout(1) exits with."""


class Executor(submitit.SlurmExecutor):
    """submitit's executor; its sbatch has a limit on its time and an environment without surprises."""

    def _make_submission_command(self, submission_file_path: Path) -> list[str]:
        without = [word for name in leaking() for word in ("-u", name)]
        # submitit would print a refusal to our own stderr, in the middle of whatever is shown there.
        aside = ["sh", "-c", 'exec "$@" 2> "$0"', str(self.folder / REFUSAL)]
        return [*aside, "env", *without, "timeout", f"{TIMEOUT_S:g}", "sbatch", str(submission_file_path)]


def submit(folder: Path, job: CheckJob, name: str) -> str:
    """Submit the session whose folder this is; the number of the job. Raises SessionError with the refusal in words."""
    if "%" in str(folder) or not str(folder).isprintable():
        raise SessionError(
            f"Slurm would misread the folder {str(folder)!r}: it holds `%` or a control character. Keep the database "
            "in another folder."
        )
    try:
        executor = Executor(folder / SUBMITIT, python=interpreter(job))
        executor.update_parameters(**parameters(job, name))
        submitted = executor.submit(become_session, str(folder))
    except FailedJobError as error:
        raise SessionError(_refused(error, folder / SUBMITIT / REFUSAL)) from None
    except FailedSubmissionError:
        raise SessionError(
            "Slurm took the job, but its answer is not understood. Look for it with `squeue --me`."
        ) from None
    except OSError as error:
        raise SessionError(f"The job of this session cannot be written: {error.strerror}.") from None
    except RuntimeError:  # submitit found no srun
        raise SessionError(
            "Slurm is not installed here: there is no srun. Go to a login node of the cluster."
        ) from None
    return str(submitted.job_id)


def interpreter(job: CheckJob) -> str:
    """The Python of the job as words for a shell, within its container where there is one.

    `-P`: a module that happens to lie in the folder of submission is not imported in the place of an installed one.
    """
    python = job.python or ("python3" if job.container else sys.executable)
    return shlex.join([*job.container, python, "-P"])


def parameters(job: CheckJob, name: str) -> dict[str, object]:
    """What submitit is told: one task on one node, never started again by Slurm."""
    asked: dict[str, object] = {
        "job_name": name,
        "partition": job.partition,
        "account": job.account,
        "time": math.ceil(hours(job.time) * 60),  # minutes
        "nodes": 1,
        "ntasks_per_node": 1,
        "cpus_per_task": job.cpus,
        "mem": job.memory,
        "wckey": None,
        # submitit always has Slurm send a signal before the end; this one does nothing to a process that runs.
        "additional_parameters": {"signal": "CONT@60", "no-requeue": True},
        # Since Slurm 22.05 srun gives its task one core, unless told again.
        "srun_args": ["--kill-on-bad-exit=1", *([f"--cpus-per-task={job.cpus}"] if job.cpus else [])],
    }
    if job.gpus and job.gpu_request == "gres":
        asked["gres"] = f"gpu:{job.gpus}"
    elif job.gpus:
        asked["gpus_per_node"] = job.gpus
    return {key: value for key, value in asked.items() if value is not None or key == "wckey"}


def _refused(error: FailedJobError, printed: Path) -> str:
    if getattr(error.__cause__, "returncode", None) == TIMED_OUT:
        return f"Slurm does not answer: sbatch was stopped after {TIMEOUT_S:g} s. {TAKEN_PERHAPS}"
    said = printed.read_text(errors="replace") if printed.exists() else ""
    # Slurm that cannot be asked has refused nothing.
    return explain(said) if SILENT.search(said) else f"Slurm refused the job. {explain(said)}"
