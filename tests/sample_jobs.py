"""Launched jobs of a sample attempt: a canary that ended well, and a launch in one of several states."""

from datetime import UTC, datetime

from aqboard.domain.evidence.loss import CurvePoint
from aqboard.domain.job.guard_verdict import GuardCheck, GuardVerdict
from aqboard.domain.job.slurm_job import JobStatus, Submission
from aqboard.store import Store
from aqboard.store.jobs import Jobs

WHEN = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
REASON = "On all 400 ranks: val_loss before the first step is 0.964, up to 0.3735 was signed. <b>See</b> *the* checks."

STATES: dict[str, dict[str, object]] = {
    "waiting": {"state": "PENDING", "over": False, "reason": "Priority", "start": "2026-11-25T12:00:00"},
    "running": {"state": "RUNNING", "over": False, "nodes": "nid[005000-005049]", "start": "2026-11-25T09:40:00"},
    "stopped": {
        "state": "FAILED",
        "over": True,
        "exit_code": 143,
        "nodes": "nid[005000-005049]",
        "start": "2026-11-25T09:40:00",
        "end": "2026-11-25T09:44:00",
    },
}


def add_jobs(store: Store, number: int, state: str, *, folder: str = "/nowhere") -> tuple[Submission, Submission]:
    """Store a canary and a launch of attempt `number`; `state` is a key of `STATES`."""
    uid, jobs = store.attempt(number).attempt.uid, Jobs(store)
    common = {"attempt": uid, "seal": "5" * 64, "person": "Ada", "submitted_at": WHEN}
    canary = Submission.model_validate(
        {
            **common,
            "job": "1001",
            "role": "canary",
            "script": f"{folder}/canary/canary.sbatch",
            "log": f"{folder}/topoflow-400-canary-1001.out",
        }
    )
    launch = Submission.model_validate(
        {
            **common,
            "job": "1002",
            "role": "launch",
            "after": "1001",
            "script": f"{folder}/launch.sbatch",
            "log": f"{folder}/topoflow-400-1002.out",
        }
    )
    for submission in (canary, launch):
        jobs.add(submission)
    ended = {
        "state": "COMPLETED",
        "over": True,
        "exit_code": 0,
        "nodes": "nid[007900-007901]",
        "end": "2026-11-25T09:39",
    }
    jobs.add_sighting(uid, JobStatus.model_validate({"job": "1001", "seen_at": WHEN, **ended}))
    jobs.add_sighting(uid, JobStatus.model_validate({"job": "1002", "seen_at": WHEN, **STATES[state]}))
    if state != "waiting":
        good = state == "running"
        points = curve(0.356 if good else 0.964)
        jobs.add_points(uid, "1002", 0, len(points), points)
        jobs.add_verdict(uid, "1002", verdict(uid, good=good))
    return canary, launch


def curve(first: float) -> list[CurvePoint]:
    """A training of 400 steps whose validation loss begins with `first`."""
    return [
        CurvePoint(step=step, train_loss=0.68 - step / 4000, val_loss=first - step / 8000 if step % 100 == 0 else None)
        for step in range(0, 401, 10)
    ]


def verdict(uid: str, *, good: bool) -> GuardVerdict:
    """The guard's word on a training that goes well, or that it stopped before the first step."""
    loss = 0.3561 if good else 0.964
    check = GuardCheck(when="start", step=0, loss=loss, low=0.338, limit=0.3735, samples=16, weights="equal")
    later = GuardCheck(when="step", step=10, loss=0.35, limit=0.56, samples=16, weights="equal", step_s=0.61)
    facts: dict[str, object] = {"state": "running", "step": 10, "checks": (check, later)}
    if not good:
        facts = {
            "state": "stopped",
            "code": 42,
            "reason": REASON,
            "quantity": "val_loss",
            "observed": loss,
            "checks": (check,),
        }
    return GuardVerdict.model_validate(
        {
            "attempt": uid,
            "seal": "5" * 64,
            "manifest": "m" * 64,
            "world": 400,
            "host": "nid005000",
            "job": "1002",
            "started_at": WHEN,
            "written_at": WHEN,
            **facts,
        }
    )
