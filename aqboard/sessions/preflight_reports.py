"""Why the preflight or the guard stopped a job: what they wrote beside its manifest."""

import json
from pathlib import Path

from aqboard.domain.job.slurm_job import JobRecord, Submission
from aqboard.domain.words import printable
from aqboard.readers.errors import ReadError
from aqboard.readers.source import FileSource

MAX_REPORT = 256 << 10
MOST_REPORTS = 3
"""Nodes whose refusal is shown; the others mostly say the same."""


def reasons(record: JobRecord) -> tuple[str, ...]:
    """Why the guard or the preflight stopped the job, one sentence each; empty when neither did."""
    verdict = record.verdict
    guard = (verdict.reason,) if verdict is not None and verdict.stopped else ()
    return (*guard, *refusals(record.submission))


def refusals(submission: Submission) -> tuple[str, ...]:
    """Why the preflight of this job refused, from the reports beside its manifest; each sentence once."""
    found: dict[str, None] = {}
    reports = sorted(Path(submission.script).parent.glob("preflight-*.json"))
    for sentences in (_sentences(path, submission.job) for path in reports):
        found |= dict.fromkeys(sentences)
        if len(found) >= MOST_REPORTS:
            break
    return tuple(found)


def _sentences(path: Path, job: str) -> list[str]:
    try:
        with FileSource(path) as source:
            report = json.loads(source.read(0, min(source.size, MAX_REPORT)))
        if report["job"] != job:
            return []
        return [printable(str(fault["sentence"]))[:1000] for fault in report["faults"]]
    except (ReadError, ValueError, KeyError, TypeError):
        return []
