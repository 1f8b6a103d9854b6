"""Decide on an attempt: who said GO or NO-GO, on what, and whether it still holds."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from aqboard.domain.errors import LaunchError
from aqboard.domain.readiness import State
from aqboard.domain.signoff import Decision, SignOff, seal
from aqboard.launch.limits import misfits
from aqboard.launch.profile import load_profile
from aqboard.launch.script import Approval, render, render_body
from aqboard.runner.freeze import changed_inputs
from aqboard.store import Store, StoredAttempt, StoredScript
from aqboard.workflow.release import release, script_path, withdraw


@dataclass(frozen=True)
class Standing:
    """A sign-off, and whether it still holds; `why` says what voided it."""

    signoff: SignOff
    holds: bool
    why: str = ""


@dataclass(frozen=True)
class Decided:
    """What a decision left behind: the sign-off, and after a GO the script."""

    signoff: SignOff
    script: StoredScript | None


def preview(stored: StoredAttempt) -> str:
    """The script as it would be written, marked as not signed; it refuses to run."""
    plan = stored.attempt.plan
    return render(stored.attempt, load_profile(plan.cluster.profile), None)


def current_seal(stored: StoredAttempt) -> str:
    """The seal over the attempt as it stands now."""
    plan = stored.attempt.plan
    body = render_body(plan, load_profile(plan.cluster.profile))
    return seal(stored.attempt, stored.findings, body)


def standings(stored: StoredAttempt) -> tuple[Standing, ...]:
    """Every sign-off, newest first. One whose seal is not the current one is void; so is a GO on changed inputs."""
    now = current_seal(stored)
    changed = changed_inputs(stored.attempt) if stored.signoffs else ()

    def standing(signoff: SignOff) -> Standing:
        if signoff.seal != now:
            return Standing(signoff, False, "Void: the findings or the script are not the ones that were signed.")
        if changed:
            return Standing(signoff, False, changed[0])
        return Standing(signoff, True)

    return tuple(standing(signoff) for signoff in reversed(stored.signoffs))


def obstacles(stored: StoredAttempt) -> tuple[str, ...]:
    """Why a GO is not possible now, one sentence each; empty when it is."""
    plan = stored.attempt.plan
    reasons = []
    if stored.readiness.state is not State.READY:
        reasons.append(f"The attempt is {stored.readiness.state}: {stored.readiness.sentence}")
    reasons.extend(misfits(plan.cluster, load_profile(plan.cluster.profile)))
    reasons.extend(changed_inputs(stored.attempt))
    return tuple(reasons)


def decide(store: Store, number: int, *, person: str, decision: Decision, comment: str = "") -> Decided:
    """Record a decision on attempt `number`; a GO also writes the script, into `scripts/` beside the database.

    Raises LaunchError, and records nothing, when a GO meets an obstacle or the name is empty.
    """
    stored = store.attempt(number)
    if decision is Decision.GO and (reasons := obstacles(stored)):
        raise LaunchError("GO is not possible. " + " ".join(reasons))
    try:
        signoff = SignOff(
            attempt=stored.attempt.uid,
            person=person,
            decision=decision,
            comment=comment,
            seal=current_seal(stored),
            created_at=datetime.now(UTC),
        )
    except ValidationError as error:
        fault = error.errors()[0]
        raise LaunchError(f"The decision was not recorded. {fault['loc'][0]}: {fault['msg']}.") from None
    path = script_path(store.path, stored.number, signoff.seal)
    script = None
    try:
        if decision is Decision.GO:
            script = release(path, stored, Approval.of(*_agreed(stored, signoff)))
        else:
            withdraw(store.path, stored.number)
    except OSError as error:
        raise LaunchError(f"The decision was not recorded: {path} cannot be changed ({error.strerror}).") from None
    store.add_signoff(signoff, script)
    return Decided(signoff, script)


def _agreed(stored: StoredAttempt, signoff: SignOff) -> list[SignOff]:
    """Everybody's GO for the same seal since the last NO-GO, this one last."""
    agreed = [signoff]
    for earlier in reversed(stored.signoffs):
        if earlier.decision is not Decision.GO or earlier.seal != signoff.seal:
            break
        agreed.insert(0, earlier)
    return agreed
