"""What became of a job, in a sentence for people."""

import json
from datetime import UTC, datetime
from pathlib import Path

from aqboard.domain.attempt import day
from aqboard.domain.job.guard_verdict import Stop
from aqboard.domain.job.slurm_job import End, JobRecord, Sighting, Submission
from aqboard.domain.printable import printable
from aqboard.readers.errors import ReadError
from aqboard.readers.source import FileSource

MAX_REPORT = 256 << 10
MOST_REPORTS = 3
"""Nodes whose refusal is told; the others mostly say the same."""

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


def in_words(record: JobRecord) -> str:
    """Where the job stands; without a full stop."""
    last, submission = record.last, record.submission
    if said := record.settled:
        when = f"{day(said.created_at)} UTC"
        return f"{SAID[said.state]}, as {said.person} said on {when}: {said.reason.rstrip('.')}. Slurm has forgotten it"
    if last is None:
        return "was submitted; Slurm has not been asked about it yet"
    match last.state:
        case "PENDING":
            return _waits(last, submission)
        case "RUNNING" | "SUSPENDED":
            return (
                f"{'runs' if last.state == 'RUNNING' else 'is suspended'} on {last.nodes} since {_moment(last.start)}"
            )
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


def reasons(record: JobRecord) -> tuple[str, ...]:
    """Why the guard or the preflight stopped the job, one sentence each; empty when neither did."""
    verdict = record.verdict
    guard = (verdict.reason,) if verdict is not None and verdict.stopped else ()
    return (*guard, *refusals(record.submission))


def refusals(submission: Submission) -> tuple[str, ...]:
    """Why the preflight of this job refused, from the reports beside its manifest; each sentence once."""
    told: dict[str, None] = {}
    reports = sorted(Path(submission.script).parent.glob("preflight-*.json"))
    for sentences in (_sentences(path, submission.job) for path in reports):
        told |= dict.fromkeys(sentences)
        if len(told) >= MOST_REPORTS:
            break
    return tuple(told)


def _sentences(path: Path, job: str) -> list[str]:
    try:
        with FileSource(path) as source:
            report = json.loads(source.read(0, min(source.size, MAX_REPORT)))
        if report["job"] != job:
            return []
        return [printable(str(fault["sentence"]))[:1000] for fault in report["faults"]]
    except (ReadError, ValueError, KeyError, TypeError):
        return []


def _waits(last: Sighting, submission: Submission) -> str:
    reason = WAITS.get(last.reason, f"waits ({last.reason})" if last.reason else "waits in the queue")
    told = reason.format(after=submission.after)
    return f"{told}; expected to start {_moment(last.start)}" if last.start else told


def _failed(record: JobRecord, last: Sighting) -> str:
    """The guard's own words where there are some: accounting keeps only a number, and not always the right one."""
    if record.verdict is not None and record.verdict.stopped:
        return f"was stopped by the guard: {stop_words(record.verdict.code)}"
    if last.exit_code in set(Stop):
        return f"was stopped with exit code {last.exit_code}: {stop_words(last.exit_code)}"
    return f"failed with exit code {last.exit_code}; its log says more"


def _moment(text: str) -> str:
    """Slurm's local time, which is this machine's, as people read it everywhere else here: UTC."""
    try:
        return f"{day(datetime.fromisoformat(text).astimezone(UTC))} UTC"
    except ValueError:
        return "at a time that Slurm does not say"
