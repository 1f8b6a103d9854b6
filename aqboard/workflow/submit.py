"""Hand a signed launch to Slurm: the canary first where there is one, the launch behind it.

Nothing is submitted unless the attempt is READY and signed, the scripts on disk are the ones that were signed, bash
can read them, and Slurm says beforehand that it would run them as signed.
"""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from aqboard.domain.attempt import day
from aqboard.domain.clearance import Clearance
from aqboard.domain.errors import LaunchError, StoreError
from aqboard.domain.identity import Identity
from aqboard.domain.job import UNKNOWN, Role, Submission
from aqboard.domain.plan import ClusterPlan
from aqboard.launch.canary import canary_job
from aqboard.launch.profile import load_profile
from aqboard.launch.quoting import slug
from aqboard.slurm import Slurm, SlurmError, Trial
from aqboard.store import Store, StoredAttempt, StoredScript
from aqboard.store.jobs import Jobs
from aqboard.workflow.follow import sight
from aqboard.workflow.release import CANARY
from aqboard.workflow.standing import clearance_of


@dataclass(frozen=True)
class Rehearsal:
    """What Slurm says of one script, without taking it."""

    role: Role
    script: Path
    words: str
    """Where and when it would start, or why it would not; for people."""
    faults: tuple[str, ...]
    """A sentence for each reason not to submit it; empty when it may be."""


class Refused(LaunchError):
    """The launch may not be submitted, and `reasons` says why, one sentence each."""

    code = "refused"

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("The launch was not submitted. " + " ".join(reasons))
        self.reasons = reasons


def signed_script(stored: StoredAttempt) -> StoredScript | None:
    """The script that carries the approvals that hold now; None while anything stands between."""
    return _script_of(stored, clearance_of(stored))


def _script_of(stored: StoredAttempt, cleared: Clearance) -> StoredScript | None:
    if not cleared.approvals:
        return None
    seal = cleared.approvals[0].seal
    return next((script for script in reversed(stored.scripts) if script.seal == seal), None)


def rehearse(stored: StoredAttempt, slurm: Slurm, *, canary: bool = True) -> tuple[Rehearsal, ...]:
    """Ask Slurm about every script of the launch, in the order in which they would be submitted.

    `canary`: with the plan's canary, where it has one. Raises Refused when the attempt is not READY and signed or a
    script is not the signed one, and SlurmError when Slurm cannot be asked.
    """
    script, until = _require_signed(stored)
    return tuple(
        _rehearsal(role, path, job, script, slurm, until) for role, path, job in _parts(stored, script, canary=canary)
    )


def submit(store: Store, number: int, slurm: Slurm, *, person: Identity, canary: bool = True) -> tuple[Submission, ...]:
    """Submit the launch of attempt `number`; the jobs that Slurm took, in order, which are then stored.

    Raises Refused as `rehearse` does, also when Slurm would not take a script, or a job of the same launch is not over
    yet. When the launch's own job is refused after the canary's was taken, the canary is cancelled.
    """
    stored = store.attempt(number)
    script, _ = _require_signed(stored)
    with _alone(Path(script.path)):
        jobs = Jobs(store)
        sight(jobs, jobs.of(stored.attempt.uid), slurm)
        _require_no_other(jobs, stored)
        if faults := tuple(fault for part in rehearse(stored, slurm, canary=canary) for fault in part.faults):
            raise Refused(faults)
        taken: list[Submission] = []
        try:
            for role, path, job in _parts(stored, script, canary=canary):
                after = taken[-1].job if taken else ""
                folder = Path(script.path).parent
                given = slurm.submit(path, after_ok=after or None, folder=folder)
                submission = Submission(
                    **person.model_dump(),
                    attempt=stored.attempt.uid,
                    job=given,
                    role=role,
                    script=str(path),
                    seal=script.seal,
                    log=str(folder / f"{slug(job.job_name)}-{given}.out"),
                    after=after,
                    submitted_at=datetime.now(UTC),
                )
                taken.append(submission)
                jobs.add(submission)
        except (SlurmError, StoreError) as error:
            raise _undone(slurm, taken, error) from None
    return tuple(taken)


def _undone(slurm: Slurm, taken: list[Submission], error: SlurmError | StoreError) -> LaunchError:
    """Half a launch helps nobody: what was taken is cancelled, and what remains is said."""
    told = [error.message]
    for submission in taken:
        try:
            slurm.cancel(submission.job)
            told.append(f"The {submission.role}, job {submission.job}, was cancelled again.")
        except SlurmError:
            told.append(f"The {submission.role} is job {submission.job}; cancel it with `scancel {submission.job}`.")
    if error.code == "slurm-silent":
        told.append("Slurm may have taken the last job all the same: look with `squeue --me`.")
    return LaunchError(" ".join(told), code=error.code)


def _require_signed(stored: StoredAttempt) -> tuple[StoredScript, datetime | None]:
    """The signed script, and until when its job may start; raises Refused where there is none."""
    cleared = clearance_of(stored)
    if cleared.between:
        raise Refused(tuple(f"{step.what} {step.remedy}".strip() for step in cleared.between))
    script = _script_of(stored, cleared)
    if script is None:
        raise Refused(("Everybody has said GO, but no script was written for this seal. Say GO once more.",))
    return script, cleared.until


def _require_no_other(jobs: Jobs, stored: StoredAttempt) -> None:
    if other := next((record for record in jobs.of(stored.attempt.uid) if not record.over), None):
        submission, state = other.submission, other.state or "not asked about yet"
        remedy = f"Wait for its end, or cancel it: `aqboard jobs cancel {submission.job}`."
        if state == UNKNOWN:
            remedy = (
                "Slurm has forgotten it. Find out whether it still runs, e.g. from its log; then say how it ended: "
                f"`aqboard jobs settle {submission.job} --as failed --reason ...`."
            )
        told = f"The {submission.role} was submitted already: job {submission.job} ({state}), by {submission.person}."
        raise Refused((f"{told} {remedy}",))


def _parts(stored: StoredAttempt, script: StoredScript, *, canary: bool) -> Iterator[tuple[Role, Path, ClusterPlan]]:
    """(role, script, job) of everything to submit, in order."""
    cluster, main = stored.attempt.plan.cluster, Path(script.path)
    small = canary_job(cluster, load_profile(cluster.profile))
    if canary and small is not None:
        yield "canary", main.parent / CANARY, small
    yield "launch", main, cluster


def _rehearsal(
    role: Role, path: Path, job: ClusterPlan, script: StoredScript, slurm: Slurm, until: datetime | None
) -> Rehearsal:
    if fault := _not_as_signed(role, path, script):
        return Rehearsal(role, path, fault, (fault,))
    trial = slurm.test_only(path, folder=path.parent)
    # Slurm does not look at the shell's syntax.
    read = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, errors="replace", check=False)
    if read.returncode != 0:
        fault = f"bash cannot read the script of the {role}: {' '.join(read.stderr.split())}"
        return Rehearsal(role, path, fault, (fault,))
    told = f"The {role}: {trial.words}"
    words = f"{trial.words} {too_late(trial, until)}".strip()
    return Rehearsal(role, path, words, tuple(differences(role, trial, job)) if trial.accepted else (told,))


def too_late(trial: Trial, until: datetime | None) -> str:
    """A warning where the job is expected to start when the approvals no longer hold; empty where it is not.

    Slurm's guess is often wrong in both directions, so it is no reason to refuse.
    """
    if until is None or trial.placement is None or trial.placement.start.astimezone() < until:
        return ""
    return f"By then the approvals have expired (on {day(until)} UTC), and the job will refuse to start."


def differences(role: Role, trial: Trial, job: ClusterPlan) -> Iterator[str]:
    """What Slurm would do otherwise than was signed, one sentence each."""
    placed = trial.placement
    if placed is None:
        return
    if len(placed.nodes) != job.nodes:
        yield f"The {role} was signed for {job.nodes} nodes, Slurm would give {len(placed.nodes)}."
    if placed.partition != job.partition:
        yield f"The {role} was signed for partition {job.partition}, Slurm would use {placed.partition}."
    if placed.processors < job.gpus:
        yield f"The {role} has {job.gpus} tasks, Slurm would give them {placed.processors} processors."


def _not_as_signed(role: Role, path: Path, script: StoredScript) -> str:
    """Why the file is not the script that was signed; empty when it is."""
    remedy = "Say GO again, and submit what that writes."
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"The script of the {role}, {path}, cannot be read ({error.strerror}). {remedy}"
    # The launch's script carries the digest of the canary's, so the record of the one vouches for both.
    same = content == script.text.encode() if role == "launch" else sha256(content).hexdigest() in script.text
    return "" if same else f"The script of the {role}, {path}, was changed after it was signed. {remedy}"


@contextmanager
def _alone(script: Path) -> Iterator[None]:
    """Let one process at a time submit a launch; raises Refused where another is at it."""
    try:
        file = script.open("rb")
    except OSError as error:
        remedy = "Say GO again, and submit what that writes."
        raise Refused((f"The signed script {script} cannot be read ({error.strerror}). {remedy}",)) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(("Somebody else is submitting this launch right now; look at its jobs.",)) from None
        yield
