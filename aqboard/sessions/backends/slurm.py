"""Sessions as jobs of Slurm: the same process, the same events, on a node that Slurm chooses."""

import signal
import socket
import time
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from aqboard.domain.errors import SessionError
from aqboard.domain.model import first_fault
from aqboard.domain.session.check_session import BackendStatus, CheckJob
from aqboard.jobs.slurm import Job, JobState, Slurm, SlurmError
from aqboard.sessions.backend import CANNOT_WRITE, SUPERVISOR_LOG, Handle
from aqboard.sessions.folder import read_session

OUT_OF_MEMORY = ", most often because its job or its node ran out of memory (raise checks.memory)"
"""Where Slurm watches memory without cgroups, it kills the step and calls the job FAILED, not OUT_OF_MEMORY."""


class SlurmBackend:
    """Submits, asks and cancels. Everything it knows of a session is the job's number in the handle."""

    name = "slurm"
    settle_s = 30.0
    """What a node wrote last may take as long to be seen here: NFS remembers the size of a file for up to a minute,
    most often for seconds."""

    def __init__(self, slurm: Slurm | None = None, look_s: float = 5.0) -> None:
        self.look_s = look_s
        """How often Slurm is asked about one job at most, in seconds: its controller serves a whole centre."""
        self._slurm = slurm or Slurm()
        self._seen: dict[str, tuple[float, BackendStatus]] = {}

    def start(self, folder: Path) -> Handle:
        """Submit the session's job; raises SessionError when Slurm is not here, does not answer, or refuses."""
        session = read_session(folder)
        try:
            job = CheckJob.model_validate(session.resources)
        except ValidationError as error:
            raise SessionError(f"This is no job for the checks: {first_fault(error, 'resources')}") from None
        if find_spec("submitit") is None:
            raise SessionError("submitit is not installed here: `pip install 'aqboard[slurm]'`.")
        from aqboard.sessions.backends import slurm_submission  # submitit is an extra

        number = slurm_submission.submit(folder.resolve(), job, f"aqboard-checks-{session.uid[:8]}")
        return Handle(backend=self.name, host=socket.gethostname(), job=number)

    def look(self, handle: Handle) -> BackendStatus:
        """What Slurm says of the job, or said a few seconds ago."""
        now = time.monotonic()
        asked, sighting = self._seen.get(handle.job, (0.0, None))
        if sighting is None or now - asked > self.look_s:
            sighting = self._ask(handle.job)
            self._seen[handle.job] = (now, sighting)
        return sighting

    def cancel(self, handle: Handle) -> None:
        """Have Slurm end the job: it asks the process first, and kills it half a minute later."""
        try:
            self._slurm.cancel(handle.job)
        except SlurmError as error:
            raise SessionError(f"The job {handle.job} was not cancelled. {error.message}") from None
        self._seen.pop(handle.job, None)

    def _ask(self, job: str) -> BackendStatus:
        try:
            return status_of(self._slurm.job(job))
        except SlurmError as error:
            return BackendStatus(word="unknown", why=error.message)


def status_of(job: Job) -> BackendStatus:
    """A job's state as what it means for its session; `why` follows the words "The session's process"."""
    match job.state:
        case JobState.PENDING:
            return BackendStatus(word="queued", why=f"Slurm job {job.id} {_waits(job)}")
        case JobState.RUNNING:
            return BackendStatus(word="running")
        case JobState.SUSPENDED:
            return BackendStatus(word="running", why=f"Slurm has suspended job {job.id}; it goes on when Slurm lets it")
        case JobState.COMPLETED:
            return BackendStatus(word="ended", why="ended with code 0")
        case JobState.FAILED:
            return BackendStatus(word="ended", why=_how(job))
        case JobState.TIMEOUT:
            limit = f" of {job.time_limit}" if job.time_limit else ""
            return BackendStatus(word="ended", why=f"was ended by Slurm at its time limit{limit}; raise checks.time")
        case JobState.OUT_OF_MEMORY:
            why = "was killed by Slurm because its job used more memory than it had asked for (raise checks.memory)"
            return BackendStatus(word="ended", why=why)
        case JobState.PREEMPTED:
            return BackendStatus(word="ended", why="was ended by Slurm to make room for another job")
        case JobState.CANCELLED:
            return BackendStatus(word="cancelled", why=f"was cancelled through Slurm (job {job.id})")
        case JobState.NODE_FAIL:
            where = f" {job.nodes}" if job.nodes else ""
            return BackendStatus(word="lost", why=f"was lost when its node{where} failed (Slurm job {job.id})")
        case JobState.UNKNOWN if job.word:
            return BackendStatus(word="unknown", why=f"Slurm calls job {job.id} {job.word}, a word not known here")
        case JobState.UNKNOWN:
            return BackendStatus(word="lost", why=f"is gone: Slurm no longer knows job {job.id}")


def _waits(job: Job) -> str:
    if job.word == "CONFIGURING":
        return f"has {job.nodes}, which is being made ready"
    return f"waits ({job.reason})" if job.reason else "waits"


def _how(job: Job) -> str:
    """How a failed job ended. A task that a signal ended makes srun, and so the job, end with 128 and its number."""
    code = job.exit_code or 0
    number = job.signal or (code - 128 if code > 128 else 0)
    if number:
        name = signal.Signals(number).name if number in set(signal.Signals) else "not known here"
        return f"was killed by signal {number} ({name}){OUT_OF_MEMORY if number == signal.SIGKILL else ''}"
    if code == CANNOT_WRITE:
        return f"could not write into its folder (exit code {code}, {SUPERVISOR_LOG} says why)"
    reason = f" ({job.reason})" if job.reason else ""
    return f"ended with code {code}{reason}"
