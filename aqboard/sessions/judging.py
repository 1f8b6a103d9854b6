"""Judge a session that has ended: one finding for each check, and which of them may replace an earlier one."""

from collections.abc import Mapping
from dataclasses import dataclass

from aqboard.checks.check import Check
from aqboard.checks.judge import judge_all
from aqboard.checks.suite import installed_suite
from aqboard.domain.attempt import Attempt
from aqboard.domain.finding import Finding
from aqboard.domain.session.check_session import CheckSession, SessionState, SessionStatus
from aqboard.domain.session.events import ProbeOutcome


@dataclass(frozen=True)
class Judged:
    """The findings of a session, by what they are worth beside earlier ones of the same attempt."""

    found: tuple[Finding, ...]
    """What was measured, or went wrong: it counts from now on, whatever was found before."""
    not_asked: tuple[Finding, ...] = ()
    """Why there is nothing new. It counts only for a check of which nothing is known yet."""


def judge(
    attempt: Attempt, session: CheckSession, standing: SessionStatus, outcomes: Mapping[str, ProbeOutcome]
) -> Judged:
    """One finding for each check of an ended session. What was not measured is never a pass, and says what happened.

    A person who cancels, or leaves a check out, takes back a question and learns nothing; so an earlier answer stands.
    A session that failed or was lost has not done what it was asked, and that is an error whatever was known before.
    """
    suite = [check for check in installed_suite() if check.id in session.checks]
    known = dict(outcomes)
    for probe in session.probes:
        if probe not in known:
            known[probe] = _missing(probe, standing)
    findings = judge_all(suite, attempt.plan, known, session.left_out)
    cancelled = standing.state is SessionState.CANCELLED
    aside = {check.id for check in suite if _not_asked(check, attempt, session, outcomes, cancelled=cancelled)}
    return Judged(
        found=tuple(finding for finding in findings if finding.check not in aside),
        not_asked=tuple(finding for finding in findings if finding.check in aside),
    )


def _not_asked(
    check: Check, attempt: Attempt, session: CheckSession, outcomes: Mapping[str, ProbeOutcome], *, cancelled: bool
) -> bool:
    """Whether a person took the question back before all that it needs had been measured."""
    if check.applies(attempt.plan):
        return False
    return check.id in session.left_out or (cancelled and any(kind.kind not in outcomes for kind in check.needs))


def _missing(probe: str, standing: SessionStatus) -> ProbeOutcome:
    if standing.state is SessionState.CANCELLED:
        return ProbeOutcome(probe=probe, status="unavailable", message=standing.why)
    return ProbeOutcome(
        probe=probe, status="broke", message=f"Not measured: the session {standing.state}. {standing.why}"
    )
