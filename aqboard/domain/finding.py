"""Verdicts and findings: what a check says about evidence."""

from enum import StrEnum

from pydantic import Field

from aqboard.domain.model import Record


class Verdict(StrEnum):
    """What one check says. Only PASS is green; a skipped or broken check never counts as passed."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"


class Severity(StrEnum):
    """What a finding that is not a pass means for the launch."""

    BLOCKS = "blocks"
    WARNS = "warns"
    INFORMS = "informs"


class Stage(StrEnum):
    """The part of the launch that a check looks at; the order is the order of reading."""

    CHECKPOINT = "checkpoint"
    SCAN = "scan"
    CACHE = "cache"
    DATA = "data"
    FORWARD = "forward"
    LOSS = "loss"
    TRAINING = "training"
    LAUNCH = "launch"
    PLUGIN = "plugin"


class Measurement(Record):
    """One figure behind a verdict, with its unit, and the limit it was held against if there was one."""

    name: str
    value: float | int | str
    unit: str = ""
    limit: str = ""


class Judgement(Record):
    """What a check's judge returns. `remedy` says what to do next and is required unless the verdict is a pass."""

    verdict: Verdict
    summary: str = Field(min_length=1)
    remedy: str = ""
    measurements: tuple[Measurement, ...] = ()


class Finding(Judgement):
    """A judgement with the check it answers. `evidence` names the evidence kinds it rests on."""

    check: str
    title: str
    stage: Stage
    severity: Severity
    usual_severity: Severity | None = None
    """What the check means for a launch whose plan does not raise or lower it; None where the plan does neither."""
    evidence: tuple[str, ...] = ()
    detail: str = ""
    """The traceback of a check or probe that broke; empty otherwise."""


def passed(summary: str, *measurements: Measurement) -> Judgement:
    """The evidence shows what the check asks for."""
    return Judgement(verdict=Verdict.PASS, summary=summary, measurements=measurements)


def failed(summary: str, *measurements: Measurement, remedy: str) -> Judgement:
    """The evidence shows a fault."""
    return Judgement(verdict=Verdict.FAIL, summary=summary, remedy=remedy, measurements=measurements)


def warned(summary: str, *measurements: Measurement, remedy: str) -> Judgement:
    """The evidence shows something a person should look at before the launch."""
    return Judgement(verdict=Verdict.WARN, summary=summary, remedy=remedy, measurements=measurements)


def skipped(reason: str, *, remedy: str = "") -> Judgement:
    """The question does not apply, or cannot be asked yet; the reason says which."""
    return Judgement(verdict=Verdict.SKIP, summary=reason, remedy=remedy)


def broke(summary: str, *, remedy: str) -> Judgement:
    """The check or the probe behind it could not do its work; nothing is known."""
    return Judgement(verdict=Verdict.ERROR, summary=summary, remedy=remedy)
