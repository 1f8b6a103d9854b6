"""The checklist of an attempt, and what of it stands between here and READY."""

from dataclasses import dataclass

from aqboard.checks.suite import SUITE
from aqboard.domain.finding import Finding, Stage, Verdict
from aqboard.domain.readiness import Readiness
from aqboard.show.words import (
    NOT_RUN,
    SEVERITIES,
    VERDICTS,
    Face,
    verdict_face,
)

_CHECKS = {check.id: check for check in SUITE}

NOT_RUN_SUMMARY = "There is no verdict: the checks were interrupted before this one, or have not got to it."
NOT_RUN_REMEDY = "Run the checks on the plan again."


def check_title(check: str) -> str:
    """The title of a check; its id when this version of aqboard does not know it."""
    return _CHECKS[check].title if check in _CHECKS else check


def check_question(check: str) -> str:
    """The question a check asks, in one line; empty when this version of aqboard does not know it."""
    return _CHECKS[check].question if check in _CHECKS else ""


def check_stage(check: str) -> Stage | None:
    """The stage a check belongs to; None when this version of aqboard does not know it."""
    return _CHECKS[check].stage if check in _CHECKS else None


@dataclass(frozen=True)
class ChecklistLine:
    """One check of the list; `finding` is None when it did not run."""

    check: str
    title: str
    question: str
    stage: Stage | None
    face: Face
    summary: str
    remedy: str
    weight: str
    """What the check means for the launch, in words."""
    finding: Finding | None


def checklist(checks: tuple[str, ...], findings: tuple[Finding, ...]) -> tuple[ChecklistLine, ...]:
    """One line per check that was to be answered, in reading order."""
    by_check = {finding.check: finding for finding in findings}
    return tuple(_line(check, by_check.get(check)) for check in checks)


def _line(check: str, finding: Finding | None) -> ChecklistLine:
    if finding is None:
        return ChecklistLine(
            check=check,
            title=check_title(check),
            question=check_question(check),
            stage=check_stage(check),
            face=verdict_face(None),
            summary=NOT_RUN_SUMMARY,
            remedy=NOT_RUN_REMEDY,
            weight="",
            finding=None,
        )
    return ChecklistLine(
        check=check,
        title=finding.title,
        question=check_question(check),
        stage=finding.stage,
        face=verdict_face(finding.verdict),
        summary=finding.summary,
        remedy=finding.remedy,
        weight=_weight(finding),
        finding=finding,
    )


def _weight(finding: Finding) -> str:
    usual = finding.usual_severity
    return SEVERITIES[finding.severity] + (f" (by the plan; usually: {SEVERITIES[usual]})" if usual else "")


@dataclass(frozen=True)
class Ahead:
    """What lies between here and READY, in the order in which to work on it."""

    faults: tuple[ChecklistLine, ...]
    unknown: tuple[ChecklistLine, ...]
    warnings: tuple[ChecklistLine, ...]
    """These do not stand in the way; a person should have read them before a GO."""


def ahead(readiness: Readiness, lines: tuple[ChecklistLine, ...]) -> Ahead:
    """Faults first, because most of what is unknown follows from them."""
    by_check = {line.check: line for line in lines}

    def pick(checks: tuple[str, ...]) -> tuple[ChecklistLine, ...]:
        return tuple(by_check[check] for check in checks)

    return Ahead(pick(readiness.faults), pick(readiness.unknown), pick(readiness.warnings))


def by_stage(lines: tuple[ChecklistLine, ...]) -> tuple[tuple[Stage | None, tuple[ChecklistLine, ...]], ...]:
    """The lines grouped by stage, in reading order; checks this version does not know come last, under None."""
    order: tuple[Stage | None, ...] = (*Stage, None)
    groups = ((stage, tuple(line for line in lines if line.stage == stage)) for stage in order)
    return tuple((stage, group) for stage, group in groups if group)


def tally(lines: tuple[ChecklistLine, ...]) -> str:
    """How many of which verdict, in words: `2 pass, 1 fail`."""
    faces = [*(VERDICTS[verdict] for verdict in Verdict), NOT_RUN]
    counts = ((face, sum(line.face == face for line in lines)) for face in faces)
    return ", ".join(f"{count} {face.word}" for face, count in counts if count)
