"""The history as rows: one per attempt, words and signs only, so that a thousand stay quick."""

from collections.abc import Sequence

from aqboard.domain.finding import Stage, Verdict
from aqboard.store import AttemptRow
from aqboard.views.words import NOT_RUN, STAGES, STATES, VERDICTS, Face, check_stage, moment

WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.WARN, Verdict.SKIP, Verdict.PASS)

Row = dict[str, str | int]


def history_rows(attempts: Sequence[AttemptRow]) -> list[Row]:
    """One row per attempt, in the order given; a stage shows its worst verdict."""
    return [_row(attempt) for attempt in attempts]


def _row(attempt: AttemptRow) -> Row:
    stages = {STAGES[stage]: str(stage_face(attempt.verdicts, stage)) for stage in Stage}
    counts = attempt.readiness.counts
    return {
        "no.": attempt.number,
        "state": str(STATES[attempt.readiness.state]),
        "plan": attempt.name,
        "passed": f"{counts.get(Verdict.PASS, 0)} of {sum(counts.values()) + attempt.readiness.not_run}",
        **stages,
        "checked": moment(attempt.created_at),
        "GPUs": attempt.gpus,
        "author": attempt.author,
        "decision": attempt.decision or "none",
    }


def stage_face(verdicts: dict[str, str], stage: Stage) -> Face:
    """The worst verdict among a stage's checks; `not run` when there is none."""
    given = {verdict for check, verdict in verdicts.items() if check_stage(check) == stage}
    return next((VERDICTS[verdict] for verdict in WORST_FIRST if verdict in given), NOT_RUN)
