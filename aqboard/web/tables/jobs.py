"""Launched jobs and the guard's looks as tables of words."""

from collections.abc import Sequence

from aqboard.domain.job.guard_verdict import GuardCheck, GuardVerdict
from aqboard.domain.job.slurm_job import JobRecord
from aqboard.jobs.job_words import in_words, stop_words
from aqboard.web.pages.identity import SIGNED
from aqboard.web.text import cell_code, plain, prose, table
from aqboard.web.words import GUARD_STATES, job_face, moment

HEADER = ("what", "job", "state", "where it stands", "guard", "submitted")


def job_table(records: Sequence[JobRecord]) -> str:
    """One row per job, in the order given."""
    return table(HEADER, [_row(record) for record in records])


def _row(record: JobRecord) -> tuple[str, ...]:
    submission = record.submission
    by = f"{moment(submission.submitted_at)} by {plain(submission.person)} ({SIGNED[submission.identified_by]})"
    guard = str(GUARD_STATES[record.verdict.state]) if record.verdict else "–"
    state = f"{job_face(record.state or None)}{' (said by a person)' if record.settled else ''}"
    return (submission.role, submission.job, state, prose(in_words(record), cell_code), guard, by)


def verdict_sentence(verdict: GuardVerdict) -> str:
    """The guard's word on a job, as Markdown."""
    if verdict.stopped:
        return f"**The guard stopped it: {stop_words(verdict.code)}** (step {verdict.step}). {plain(verdict.reason)}"
    looks = f"{len(verdict.checks)} looks" if len(verdict.checks) != 1 else "1 look"
    until = "to the end" if verdict.state == "finished" else f"up to step {verdict.step}"
    return f"**As signed {until}**: {looks} on {verdict.world} ranks, and nothing was found."


def check_table(verdict: GuardVerdict) -> str:
    """Every look of the guard: what it saw, and within which limits."""
    header = ("look", "step", "loss", "allowed", "weights on the ranks", "seconds per batch", "allowed")
    return table(header, [_check(check) for check in verdict.checks])


def _check(check: GuardCheck) -> tuple[str, ...]:
    low = f"{check.low:.4f} to " if check.low is not None else "up to "
    return (
        check.when,
        str(check.step),
        f"{check.loss:.4f}" if check.loss is not None else "–",
        f"{low}{check.limit:.4f}" if check.limit is not None else "–",
        check.weights,
        f"{check.step_s:.3g}" if check.step_s is not None else "–",
        f"up to {check.step_limit_s:.3g}" if check.step_limit_s is not None else "–",
    )
