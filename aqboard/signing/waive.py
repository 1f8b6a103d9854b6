"""Accept what a check did not pass: one person proposes, a second person confirms or refuses."""

from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from aqboard.domain.errors import LaunchError
from aqboard.domain.finding import Verdict
from aqboard.domain.identity import Identity, same_person
from aqboard.domain.model import first_fault
from aqboard.domain.signing.case import ClearanceInputs, confirmation_refusal, refusal
from aqboard.domain.signing.waiver import (
    LONGEST_DAYS,
    NOT_RUN,
    Answer,
    Waiver,
    WaiverState,
    WaiverStatus,
    finding_digest,
    says_nothing,
)
from aqboard.signing.clearance import case_of
from aqboard.signing.decide import withdraw_void
from aqboard.signing.identify import somebody, with_roles
from aqboard.signing.installation import installation
from aqboard.store import Store, StoredAttempt
from aqboard.store.signing import add_answer, add_waiver

OPEN = (WaiverState.PROPOSED, WaiverState.IN_FORCE)


def propose(
    store: Store,
    number: int,
    check: str,
    *,
    person: Identity | str,
    reason: str,
    risk: str,
    days: float,
    unknown: bool = False,
    now: datetime | None = None,
) -> Waiver:
    """Propose to accept the finding of `check` in attempt `number` for `days` days. It counts once confirmed.

    `unknown` must be said where the check gave no verdict: then nobody knows whether the launch is right.
    Raises LaunchError, and records nothing, when there is nothing to accept or the person's word does not count.
    """
    moment = now or datetime.now(UTC)
    stored = store.attempt(number, moment)
    verdict = waivable(stored, check)
    case, who = _who(stored, person)
    if says_nothing(verdict) and not unknown:
        raise LaunchError(
            f"{check} has no verdict ({verdict}), so it is not known whether anything is wrong. Who accepts that "
            "must say so: tick `nobody knows`, or add --unknown."
        )
    if not 0 < days <= LONGEST_DAYS:
        raise LaunchError(f"A waiver counts for more than 0 and at most {LONGEST_DAYS} days; {days:g} were given.")
    try:
        waiver = Waiver(
            attempt=stored.attempt.uid,
            **who.model_dump(),
            created_at=moment,
            check=check,
            verdict=verdict,
            finding=finding_digest(check, next((f for f in stored.findings if f.check == check), None)),
            unknown=says_nothing(verdict),
            reason=reason,
            risk=risk,
            expires_at=moment + timedelta(days=days),
        )
    except ValidationError as error:
        raise LaunchError(f"The waiver was not recorded. {first_fault(error)}") from None
    if who.identified_by not in case.policy.identified_by:
        raise LaunchError(f"Nothing was recorded: {refusal(case, who)}")
    add_waiver(store.db, stored, waiver)
    withdraw_void(store, number, "a waiver was proposed", moment)
    return waiver


def answer(
    store: Store,
    number: int,
    waiver: str,
    *,
    person: Identity | str,
    confirm: bool,
    comment: str = "",
    now: datetime | None = None,
) -> WaiverStatus:
    """Confirm or refuse the waiver with the uid `waiver`, or the check it is for; what it is worth then.

    Raises LaunchError when there is none to answer, when the person proposed it, or when their word does not count.
    """
    moment = now or datetime.now(UTC)
    stored = store.attempt(number, moment)
    standing = _open_waiver(stored, waiver)
    case, who = _who(stored, person)
    if who.identified_by not in case.policy.identified_by:
        raise LaunchError(f"Nothing was recorded: {refusal(case, who)}")
    if confirm:
        _require_second(case, standing.waiver, who)
    said = Answer(
        attempt=stored.attempt.uid,
        **who.model_dump(),
        created_at=moment,
        waiver=standing.waiver.uid,
        answer="confirmed" if confirm else "refused",
        comment=comment[:2000],
    )
    add_answer(store.db, stored, said)
    withdraw_void(store, number, f"a waiver was {said.answer}", moment)
    after = store.attempt(number, moment)
    return next(s for s in after.waivers if s.waiver.uid == standing.waiver.uid)


def waivable(stored: StoredAttempt, check: str) -> str:
    """The verdict that a waiver for `check` would accept; raises LaunchError when there is nothing to accept."""
    if check not in stored.attempt.checks:
        raise LaunchError(
            f"Attempt {stored.number} has no check {check}; `aqboard attempts {stored.number}` lists them."
        )
    finding = next((f for f in stored.findings if f.check == check), None)
    if finding and finding.verdict is Verdict.PASS:
        raise LaunchError(f"{check} passed; there is nothing to accept.")
    if any(s.waiver.check == check and s.state in OPEN for s in stored.waivers):
        raise LaunchError(f"There is a waiver for {check} already; confirm or refuse that one first.")
    return finding.verdict.value if finding else NOT_RUN


def waivable_checks(stored: StoredAttempt) -> tuple[str, ...]:
    """Checks that did not pass, matter for the launch, and have no open waiver; those that block come first."""
    readiness = stored.readiness
    taken = {s.waiver.check for s in stored.waivers if s.state in OPEN}
    return tuple(c for c in (*readiness.faults, *readiness.unknown, *readiness.warnings) if c not in taken)


def _open_waiver(stored: StoredAttempt, named: str) -> WaiverStatus:
    for standing in reversed(stored.waivers):
        if named in (standing.waiver.uid, standing.waiver.check) and standing.state in OPEN:
            return standing
    raise LaunchError(f"Attempt {stored.number} has no open waiver for {named}.")


def _who(stored: StoredAttempt, person: Identity | str) -> tuple[ClearanceInputs, Identity]:
    here = installation()
    case = case_of(stored, here)
    return case, with_roles(somebody(person), case.policy, here)


def _require_second(case: ClearanceInputs, waiver: Waiver, who: Identity) -> None:
    if same_person(who, waiver):
        raise LaunchError(f"{who.person} proposed this waiver; somebody else must confirm it.")
    if why := confirmation_refusal(case, who):
        raise LaunchError(f"The waiver was not confirmed. {why}")
