"""Judge a whole suite: every check gets exactly one finding, whatever became of its evidence."""

import traceback
from collections.abc import Collection, Iterable, Mapping

from aqboard.checks.check import Check
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.finding import Finding, Judgement, Severity, broke, skipped
from aqboard.domain.plan import LaunchPlan
from aqboard.domain.session.events import ProbeOutcome

LOOK_AT_LOG = "Read the detail below; if the message names a file or a setting, mend that and run the checks again."
NOT_LEFT_OUT = "Run the checks again without --only and --skip; a launch with checks left out is not READY."


def judge_all(
    suite: Iterable[Check],
    plan: LaunchPlan,
    outcomes: Mapping[str, ProbeOutcome],
    left_out: Collection[str] = (),
) -> tuple[Finding, ...]:
    """One finding per check, in the suite's order; those `left_out` on the command line are skipped, and say so."""
    return tuple(
        _finding(check, plan, skipped("Left out on the command line.", remedy=NOT_LEFT_OUT))
        if check.id in left_out and not check.applies(plan)
        else judge_one(check, plan, outcomes)
        for check in suite
    )


def judge_one(check: Check, plan: LaunchPlan, outcomes: Mapping[str, ProbeOutcome]) -> Finding:
    """Judge one check; a judge that raises becomes an `error` finding with its traceback."""
    detail = ""
    beside = check.applies(plan)
    if beside:
        # Nothing is asked, so nothing blocks; an attempt in which no check that blocks is asked stays INCOMPLETE.
        return _finding(check, plan, skipped(f"Does not apply: {beside}.")).model_copy(
            update={"severity": Severity.INFORMS, "usual_severity": None}
        )
    lacking = _lacking(check, outcomes)
    if lacking is not None:
        judgement, detail = lacking
    else:
        try:
            judgement = check.judge(plan, *(_evidence(kind, outcomes[kind.kind]) for kind in check.needs))
        except Exception as error:
            judgement = broke(f"The check itself broke: {type(error).__name__}: {error}", remedy=LOOK_AT_LOG)
            detail = traceback.format_exc()
    return _finding(check, plan, judgement, detail)


def _finding(check: Check, plan: LaunchPlan, judgement: Judgement, detail: str = "") -> Finding:
    severity = plan.severities.get(check.id, check.severity)
    return Finding(
        **judgement.model_dump(),
        check=check.id,
        title=check.title,
        stage=check.stage,
        severity=severity,
        usual_severity=check.severity if severity != check.severity else None,
        evidence=tuple(kind.kind for kind in check.needs),
        detail=detail,
    )


def _lacking(check: Check, outcomes: Mapping[str, ProbeOutcome]) -> tuple[Judgement, str] | None:
    """The judgement for evidence that is not there, with the probe's traceback; None when all is there."""
    for kind in check.needs:
        outcome = outcomes.get(kind.kind)
        if outcome is None:
            return broke(f"The {kind.kind} probe did not report.", remedy="Run the checks again."), ""
        if outcome.status == "unavailable":
            return skipped(f"Not judged: {outcome.message}", remedy="Mend what stands above, then run again."), ""
        if outcome.status == "broke" or outcome.evidence is None:
            return broke(outcome.message or "The probe brought no evidence.", remedy=LOOK_AT_LOG), outcome.detail
    return None


def _evidence(kind: type[Evidence], outcome: ProbeOutcome) -> Evidence:
    return kind.model_validate(outcome.evidence)
