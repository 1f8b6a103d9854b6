"""What Slurm says of a job: squeue for those it still knows, sacct for those that ended long ago."""

import re
from collections.abc import Iterator
from enum import StrEnum

from aqboard.domain.model import Record

SQUEUE_FIELDS = "JobID:|,State:|,exit_code:|,NodeList:|,TimeLimit:|,StartTime:|,EndTime:|,Reason:"
"""`--Format` of squeue. Without the job's name or comment: they may hold anything, this sign too."""
SACCT_FIELDS = "JobIDRaw,State,ExitCode,NodeList,Timelimit,Start,End"


class JobState(StrEnum):
    """The states of a Slurm job, less those of a moment: a job being configured is pending, one completing runs."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMEOUT = "TIMEOUT"
    NODE_FAIL = "NODE_FAIL"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    PREEMPTED = "PREEMPTED"
    UNKNOWN = "UNKNOWN"
    """Slurm knows it no longer and there is no accounting, or the word is new."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it; not of an UNKNOWN one, of which nothing is known."""
        return self not in (JobState.PENDING, JobState.RUNNING, JobState.SUSPENDED, JobState.UNKNOWN)


_ALSO = {
    "CONFIGURING": JobState.PENDING,
    "REQUEUED": JobState.PENDING,
    "REQUEUE_HOLD": JobState.PENDING,
    "REQUEUE_FED": JobState.PENDING,
    "SPECIAL_EXIT": JobState.PENDING,
    "RESV_DEL_HOLD": JobState.PENDING,
    "COMPLETING": JobState.RUNNING,
    "SIGNALING": JobState.RUNNING,
    "RESIZING": JobState.RUNNING,
    "STAGE_OUT": JobState.RUNNING,
    "STOPPED": JobState.SUSPENDED,
    "BOOT_FAIL": JobState.NODE_FAIL,
    "DEADLINE": JobState.TIMEOUT,
    "REVOKED": JobState.CANCELLED,
    "LAUNCH_FAILED": JobState.FAILED,
    "RECONFIG_FAIL": JobState.FAILED,
}


class Job(Record):
    """A job as Slurm sees it now."""

    id: str
    state: JobState
    word: str = ""
    """Slurm's own word for the state."""
    exit_code: int | None = None
    """Of the batch script; None while it is not over, or where Slurm does not say."""
    signal: int | None = None
    """That ended the batch script; None where none did."""
    nodes: str = ""
    """As Slurm writes them; `aqboard.jobs.slurm.expand` gives each."""
    time_limit: str = ""
    start: str = ""
    """Local time without a zone, as Slurm prints it; while the job waits an estimate, or empty."""
    end: str = ""
    reason: str = ""
    """Why it waits, or failed, in Slurm's word; empty for none."""


def unknown(job: str) -> Job:
    """A job of which Slurm knows nothing."""
    return Job(id=job, state=JobState.UNKNOWN)


def read_squeue(printed: str) -> Iterator[Job]:
    """The jobs in squeue's answer to `SQUEUE_FIELDS`; lines that are none (of an array's tasks, say) are left out."""
    for line in printed.splitlines():
        fields = line.strip().split("|")
        if len(fields) == 8 and fields[0].isdecimal():
            job, word, status, nodes, limit, start, end, reason = (_said(field) for field in fields)
            code, number = _wait_status(status)
            yield _job(job, word, code, number, nodes, limit, start, end, reason)


def read_sacct(printed: str) -> Iterator[Job]:
    """The jobs in sacct's answer to `SACCT_FIELDS` with `--parsable2`."""
    for line in printed.splitlines():
        fields = line.strip().split("|")
        if len(fields) == 7 and fields[0].isdecimal():
            job, word, status, nodes, limit, start, end = (_said(field) for field in fields)
            code, number = _pair(status)
            yield _job(job, word, code, number, nodes, limit, start, end, "")


def _job(
    job: str, word: str, code: int | None, number: int | None, nodes: str, limit: str, start: str, end: str, reason: str
) -> Job:
    state = _state(word)
    return Job(
        id=job,
        state=state,
        word=word,
        exit_code=code if state.over else None,
        signal=(number or None) if state.over else None,
        nodes=nodes,
        time_limit=limit,
        start=start,
        end=end if state.over else "",
        reason=reason,
    )


def _state(word: str) -> JobState:
    """`CANCELLED by 1000` is cancelled too; a word that nobody knows yet is UNKNOWN."""
    first = re.split(r"[ +]", word, maxsplit=1)[0]
    return _ALSO.get(first) or JobState.__members__.get(first, JobState.UNKNOWN)


def _wait_status(text: str) -> tuple[int | None, int | None]:
    """(exit code, signal) from what wait(2) gives: 1792 is exit code 7, 9 is signal 9. Newer squeues write 7:0."""
    if ":" in text:
        return _pair(text)
    status = int(text) if text.isdecimal() else None
    return (None, None) if status is None else (status >> 8, status & 0x7F)


def _pair(text: str) -> tuple[int | None, int | None]:
    code, _, number = text.partition(":")
    return (int(code), int(number)) if code.isdecimal() and number.isdecimal() else (None, None)


def _said(field: str) -> str:
    """A field, empty for Slurm's words for nothing."""
    text = field.strip()
    return "" if text in ("N/A", "Unknown", "None", "(null)", "None assigned", "n/a") else text
