"""How tests of checks judge: healthy evidence with a few fields replaced."""

from typing import Any

from aqboard.checks.check import Check
from aqboard.checks.suite import SUITE
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.finding import Judgement, Verdict
from aqboard.domain.plan import LaunchPlan

PASS, WARN, FAIL, ERROR, SKIP = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.ERROR, Verdict.SKIP
BY_ID = {check.id: check for check in SUITE}

Healthy = tuple[LaunchPlan, dict[str, Evidence]]


def judge(check: Check | str, healthy: Healthy, changes: dict[str, Any] | None = None, **plan: Any) -> Judgement:
    """The judgement when `changes` replace fields of the first evidence that has them, and `plan` its sections."""
    check = BY_ID[check] if isinstance(check, str) else check
    launch, known = healthy
    evidence = [known[kind.kind] for kind in check.needs]
    for name, value in (changes or {}).items():
        at = next(i for i, item in enumerate(evidence) if name in type(item).model_fields)
        evidence[at] = evidence[at].model_copy(update={name: value})
    return check.judge(launch.model_copy(update=plan), *evidence)


def section(launch: LaunchPlan, name: str, **changes: Any) -> dict[str, Any]:
    """A section of the plan with some fields replaced, to be handed to `judge`."""
    return {name: getattr(launch, name).model_copy(update=changes)}
