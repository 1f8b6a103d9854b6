"""A launch at Slurm in words: what would be submitted, where each job stands, what the guard saw."""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from aqboard.domain.job.guard_verdict import GuardCheck, GuardVerdict, Stop
from aqboard.domain.job.slurm_job import End, JobRecord, JobStatus, Submission
from aqboard.domain.plan import ClusterPlan
from aqboard.domain.words import moment
from aqboard.show.words import GUARD_STATES, NONE, SIGNED, Row, job_face

WAITS = {
    "Dependency": "waits for job {after} to end well",
    "DependencyNeverSatisfied": "will never start: job {after} did not end well",
    "Priority": "waits in the queue behind others",
    "Resources": "is next in the queue and waits for nodes",
    "JobHeldUser": "is held; `scontrol release` lets it go",
    "JobHeldAdmin": "is held by the administrators",
}
"""Slurm's reason why a job waits, in words."""

ENDS = {
    "COMPLETED": "ended well",
    "TIMEOUT": "was ended at its time limit",
    "NODE_FAIL": "ended because a node failed",
    "OUT_OF_MEMORY": "ran out of memory",
    "PREEMPTED": "had to make room for another job",
}

SAID: dict[End, str] = {
    "COMPLETED": "ended well",
    "FAILED": "failed",
    "CANCELLED": "was cancelled",
    "TIMEOUT": "was ended at its time limit",
}
"""A person's word on a job's end."""


def plan_facts(cluster: ClusterPlan) -> tuple[tuple[str, str], ...]:
    """(setting, value) of everything that goes to Slurm, in reading order."""
    return (
        ("cluster profile", cluster.profile),
        ("account", cluster.account),
        ("partition", cluster.partition),
        ("time limit", cluster.time),
        ("job name", cluster.job_name),
        ("working directory", cluster.workdir),
        ("training command", shlex.join(cluster.command)),
    )


def job_rows(records: Sequence[JobRecord]) -> list[Row]:
    """One row per job, in the order given."""
    return [_row(record) for record in records]


def _row(record: JobRecord) -> Row:
    submission = record.submission
    by = f"{moment(submission.submitted_at)} by {submission.person} ({SIGNED[submission.identified_by]})"
    return {
        "what": submission.role,
        "job": submission.job,
        "state": f"{job_face(record.state or None)}{' (said by a person)' if record.settled else ''}",
        "where it stands": in_words(record),
        "guard": str(GUARD_STATES[record.verdict.state]) if record.verdict else NONE,
        "val_loss": loss_words(record),
        "submitted": by,
    }


def loss_words(record: JobRecord) -> str:
    """The job's first and last validation loss; empty while there is none."""
    losses = [point.val_loss for point in record.points if point.val_loss is not None]
    return f"{losses[0]:.4f} first, {losses[-1]:.4f} last" if losses else ""


def guard_sentences(verdict: GuardVerdict) -> tuple[str, str]:
    """The guard's word on a job: what it did, and why or on how much it rests."""
    if verdict.stopped:
        return f"The guard stopped it: {stop_words(verdict.code)}", f"Step {verdict.step}: {verdict.reason}"
    looks = f"{len(verdict.checks)} looks" if len(verdict.checks) != 1 else "1 look"
    until = "to the end" if verdict.state == "finished" else f"up to step {verdict.step}"
    return f"As signed {until}", f"{looks} on {verdict.world} ranks, and nothing was found."


def guard_rows(verdict: GuardVerdict) -> list[Row]:
    """Every look of the guard: what it saw, and within which limits."""
    return [_guard_row(check) for check in verdict.checks]


def _guard_row(check: GuardCheck) -> Row:
    low = f"{check.low:.4f} to " if check.low is not None else "up to "
    return {
        "look": check.when,
        "step": check.step,
        "loss": f"{check.loss:.4f}" if check.loss is not None else NONE,
        "loss allowed": f"{low}{check.limit:.4f}" if check.limit is not None else NONE,
        "weights on the ranks": check.weights,
        "seconds per batch": f"{check.step_s:.3g}" if check.step_s is not None else NONE,
        "seconds allowed": f"up to {check.step_limit_s:.3g}" if check.step_limit_s is not None else NONE,
    }


def in_words(record: JobRecord) -> str:
    """Where the job stands; without a full stop."""
    last, submission = record.last, record.submission
    if said := record.settled:
        when = moment(said.created_at)
        return f"{SAID[said.state]}, as {said.person} said on {when}: {said.reason.rstrip('.')}. Slurm has forgotten it"
    if last is None:
        return "was submitted; Slurm has not been asked about it yet"
    match last.state:
        case "PENDING":
            return _waits(last, submission)
        case "RUNNING" | "SUSPENDED":
            does = "runs" if last.state == "RUNNING" else "is suspended"
            return f"{does} on {last.nodes} since {_moment(last.start)}"
        case "CANCELLED" if not last.nodes and submission.after:
            return f"never started: job {submission.after} did not end well, or somebody cancelled this one"
        case "CANCELLED":
            return "was cancelled"
        case "FAILED":
            return _failed(record, last)
        case state if state in ENDS:
            return f"{ENDS[state]}, {_moment(last.end)}"
        case _:
            return (
                "is not known to Slurm any more, and there is no accounting that would tell how it ended; "
                f"`aqboard jobs settle {submission.job}` records what you know"
            )


def stop_words(code: int | None) -> str:
    """What an exit code of preflight or guard means; a version of the guard that is newer may have more of them."""
    return Stop(code).words if code in set(Stop) else f"exit code {code}"


def _waits(last: JobStatus, submission: Submission) -> str:
    reason = WAITS.get(last.reason, f"waits ({last.reason})" if last.reason else "waits in the queue")
    words = reason.format(after=submission.after)
    return f"{words}; expected to start {_moment(last.start)}" if last.start else words


def _failed(record: JobRecord, last: JobStatus) -> str:
    """The guard's own words where there are some: accounting keeps only a number, and not always the right one."""
    if record.verdict is not None and record.verdict.stopped:
        return f"was stopped by the guard: {stop_words(record.verdict.code)}"
    if last.exit_code in set(Stop):
        return f"was stopped with exit code {last.exit_code}: {stop_words(last.exit_code)}"
    return f"failed with exit code {last.exit_code}; its log says more"


def _moment(text: str) -> str:
    """Slurm's local time, which is this machine's, as people read it everywhere else here: UTC."""
    try:
        return moment(datetime.fromisoformat(text).astimezone(UTC))
    except ValueError:
        return "at a time that Slurm does not say"
