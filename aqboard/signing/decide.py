"""Decide on an attempt: record who said GO or NO-GO, and let the script out once everybody who is asked said GO."""

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pydantic import ValidationError

from aqboard.domain.errors import LaunchError, StoreError
from aqboard.domain.identity import Identity
from aqboard.domain.model import first_fault
from aqboard.domain.signing.case import ClearanceInputs, refusal
from aqboard.domain.signing.clearance import Clearance, OpenStep, clearance
from aqboard.domain.signing.signoff import Decision, SignOff
from aqboard.domain.signing.waiver import WaiverState
from aqboard.launch.profile import load_profile
from aqboard.launch.script import Approval, render
from aqboard.signing.clearance import case_of, current_seal, obstacles, standings
from aqboard.signing.identify import somebody, with_roles
from aqboard.signing.installation import installation
from aqboard.signing.release import carries, release, released, script_path, withdraw
from aqboard.store import Store, StoredAttempt, StoredScript
from aqboard.store.audit import newest
from aqboard.store.records import Released
from aqboard.store.signing import add_decision, add_withdrawal

__all__ = ["Decided", "current_seal", "decide", "obstacles", "preview", "standings", "withdraw_void"]


@dataclass(frozen=True)
class Decided:
    """What a decision left behind: the sign-off, after the last GO the script, and what is still missing before."""

    signoff: SignOff
    script: StoredScript | None
    between: tuple[OpenStep, ...]
    withdrawn: tuple[str, ...] = ()
    """Names of the scripts that it took back."""
    until: datetime | None = None
    """When the script that was let out refuses to start; None without one."""


def preview(stored: StoredAttempt) -> str:
    """The script as it would be written, marked as not signed; it refuses to run."""
    plan = stored.attempt.plan
    return render(stored.attempt, load_profile(plan.cluster.profile), None, outcomes=stored.outcomes)


def decide(
    store: Store,
    number: int,
    *,
    person: Identity | str,
    decision: Decision,
    comment: str = "",
    now: datetime | None = None,
) -> Decided:
    """Record a decision on attempt `number`; the GO that completes the policy's approvals also writes the script.

    `person`: an identified person, or a name that was typed. Raises LaunchError, and records nothing, when a GO
    meets an obstacle or the person's word does not count; StoreError when somebody else was faster.
    """
    moment, here = now or datetime.now(UTC), installation()
    stored = store.attempt(number, moment)
    case = case_of(stored, here)
    who = with_roles(somebody(person), case.policy, here)
    if who.identified_by not in case.policy.identified_by:
        raise LaunchError(f"The decision was not recorded. {refusal(case, who)}")
    if decision is Decision.GO:
        _require_possible(case, who, moment)
    signoff = _signed(case, who, decision, comment, moment)
    after = clearance(_with(case, signoff), moment)

    written = False

    def act() -> Released:
        nonlocal written
        written = bool(after.approvals)
        return _released(store, stored, case, after, signoff) if after.approvals else _taken_back(store, stored)

    path = script_path(store.path, number, signoff.seal)
    try:
        let_out = add_decision(store.db, stored, signoff, act)
    except StoreError:
        # What was not recorded was not said: a script must not outlive a database that could not take the GO.
        if written:
            shutil.rmtree(path.parent, ignore_errors=True)
        raise
    except OSError as error:
        raise LaunchError(f"The decision was not recorded: {path} cannot be changed ({error.strerror}).") from None
    return Decided(signoff, let_out.script, after.between, let_out.withdrawn, after.until if written else None)


def withdraw_void(store: Store, number: int, why: str, now: datetime | None = None) -> None:
    """Take the attempt's scripts back unless everything they rest on still holds."""
    stored = store.attempt(number, now)
    void = clearance(case_of(stored), now or datetime.now(UTC)).between
    if void and (names := _taken_back(store, stored).withdrawn):
        add_withdrawal(store.db, stored, names, why)


def _require_possible(case: ClearanceInputs, who: Identity, now: datetime) -> None:
    reasons = [f"{step.what} {step.remedy}".strip() for step in clearance(case, now).obstacles]
    if why := refusal(case, who):
        reasons.append(why)
    if reasons:
        raise LaunchError("GO is not possible. " + " ".join(reasons))


def _signed(case: ClearanceInputs, who: Identity, decision: Decision, comment: str, now: datetime) -> SignOff:
    try:
        return SignOff(
            attempt=case.attempt.uid,
            **who.model_dump(),
            decision=decision,
            comment=comment,
            seal=case.seal.digest,
            parts=case.seal.parts,
            created_at=now,
        )
    except ValidationError as error:
        raise LaunchError(f"The decision was not recorded. {first_fault(error)}") from None


def _with(case: ClearanceInputs, signoff: SignOff) -> ClearanceInputs:
    return replace(case, signoffs=(*case.signoffs, signoff))


def _released(
    store: Store, stored: StoredAttempt, case: ClearanceInputs, after: Clearance, signoff: SignOff
) -> Released:
    """The script that carries every approval. Scripts of the same attempt with another seal are taken back."""
    path = script_path(store.path, stored.number, signoff.seal)
    others = [script for script in released(store.path, stored) if not carries(script, signoff.seal)]
    taken_back = _taken_back(store, stored) if others else Released()
    approval = Approval.of(
        *after.approvals,
        waivers=tuple(s for s in case.waivers if s.state is WaiverState.IN_FORCE),
        audit=_head(store),
        until=after.until,
    )
    return Released(script=release(path, stored, approval), withdrawn=taken_back.withdrawn)


def _taken_back(store: Store, stored: StoredAttempt) -> Released:
    """Everything that was let out for the attempt, put out of reach."""
    names = tuple(f"{script.parent.name}/{script.name}" for script in released(store.path, stored))
    withdraw(store.path, stored)
    return Released(withdrawn=names)


def _head(store: Store) -> str:
    last = newest(store.db)
    return f"{last.seq} {last.hash}" if last else ""
