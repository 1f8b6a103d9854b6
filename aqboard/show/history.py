"""The history as rows: one per attempt, words and signs only, so that a thousand stay quick."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aqboard.checks.suite import SUITE
from aqboard.domain.finding import Stage, Verdict
from aqboard.domain.job.guard_verdict import GuardVerdict
from aqboard.domain.words import moment
from aqboard.show.checklist import check_stage
from aqboard.show.words import GUARD_STATES, NONE, NOT_RUN, STAGES, STATES, VERDICTS, Row, job_face

if TYPE_CHECKING:
    from aqboard.store import AttemptRow

SUITE_STAGES = tuple(stage for stage in Stage if any(check.stage == stage for check in SUITE))
"""The stages that checks of this version belong to, in reading order."""

WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.WARN, Verdict.SKIP, Verdict.PASS)

LaunchWords = tuple[str, str, GuardVerdict | None]


def history_rows(attempts: Sequence["AttemptRow"], launches: Mapping[str, LaunchWords] | None = None) -> list[Row]:
    """One row per attempt, in the order given; a stage shows its worst verdict.

    `launches`: by attempt, its newest launch as `Jobs.newest` gives it.
    """
    known = launches or {}
    return [_row(attempt, known.get(attempt.uid)) for attempt in attempts]


def launch_word(launch: LaunchWords | None) -> str:
    """The newest launch in a few words: the job's state and number, and the guard's word on it."""
    if launch is None:
        return NONE
    job, state, verdict = launch
    guard = f", {GUARD_STATES[verdict.state]}" if verdict else ""
    return f"{job_face(state or None)} {job}{guard}"


def _row(attempt: "AttemptRow", launch: LaunchWords | None) -> Row:
    stages = {STAGES[stage]: stage_word(attempt, stage) for stage in SUITE_STAGES}
    counts = attempt.readiness.counts
    return {
        "no.": attempt.number,
        "state": str(STATES[attempt.readiness.state]),
        "plan": attempt.name,
        "passed": f"{counts.get(Verdict.PASS, 0)} of {sum(counts.values()) + attempt.readiness.not_run}",
        "launch": launch_word(launch),
        **stages,
        "checked": moment(attempt.created_at),
        "GPUs": attempt.gpus,
        "author": attempt.author,
        "decision": attempt.decision or "none",
    }


def stage_word(attempt: "AttemptRow", stage: Stage) -> str:
    """The worst verdict among a stage's checks; `not run` when there is none, a dash when there are no such checks."""
    given = {verdict for check, verdict in attempt.verdicts.items() if check_stage(check) == stage}
    for verdict in WORST_FIRST:
        if verdict in given:
            return str(VERDICTS[verdict])
    asked = any(check_stage(check) == stage for check in attempt.readiness.unknown)
    return str(NOT_RUN) if asked else NONE
