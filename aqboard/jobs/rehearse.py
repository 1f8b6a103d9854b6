"""Is a launch ready to be submitted, and what would Slurm do with it? Asked without submitting anything."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from aqboard.domain.attempt import day
from aqboard.domain.errors import LaunchError
from aqboard.domain.job.slurm_job import Role
from aqboard.domain.plan import ClusterPlan
from aqboard.domain.signing.clearance import Clearance
from aqboard.jobs.slurm import Slurm, Trial
from aqboard.launch.canary import canary_job
from aqboard.launch.profile import load_profile
from aqboard.signing.clearance import clearance_of
from aqboard.signing.release import CANARY
from aqboard.store import StoredAttempt, StoredScript


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


def rehearse(stored: StoredAttempt, slurm: Slurm, *, canary: bool = True) -> tuple[Rehearsal, ...]:
    """Ask Slurm about every script of the launch, in the order in which they would be submitted.

    `canary`: with the plan's canary, where it has one. Raises Refused when the attempt is not READY and signed or a
    script is not the signed one, and SlurmError when Slurm cannot be asked.
    """
    script, until = require_signed(stored)
    return tuple(
        _rehearsal(role, path, job, script, slurm, until) for role, path, job in parts(stored, script, canary=canary)
    )


def require_signed(stored: StoredAttempt) -> tuple[StoredScript, datetime | None]:
    """The signed script, and until when its job may start; raises Refused where there is none."""
    cleared = clearance_of(stored)
    if cleared.between:
        raise Refused(tuple(f"{step.what} {step.remedy}".strip() for step in cleared.between))
    script = _script_of(stored, cleared)
    if script is None:
        raise Refused(("Everybody has said GO, but no script was written for this seal. Say GO once more.",))
    return script, cleared.until


def parts(stored: StoredAttempt, script: StoredScript, *, canary: bool) -> Iterator[tuple[Role, Path, ClusterPlan]]:
    """(role, script, job) of everything to submit, in order."""
    cluster, main = stored.attempt.plan.cluster, Path(script.path)
    small = canary_job(cluster, load_profile(cluster.profile))
    if canary and small is not None:
        yield "canary", main.parent / CANARY, small
    yield "launch", main, cluster


def _script_of(stored: StoredAttempt, cleared: Clearance) -> StoredScript | None:
    if not cleared.approvals:
        return None
    seal = cleared.approvals[0].seal
    return next((script for script in reversed(stored.scripts) if script.seal == seal), None)


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
