"""The case for a launch: everything that the answer depends on, and whose word counts in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aqboard.domain.attempt import Attempt
from aqboard.domain.identity import Identity, folded
from aqboard.domain.plan.policy import Policy
from aqboard.domain.readiness import Readiness
from aqboard.domain.signing.signoff import Seal, SignOff
from aqboard.domain.signing.waiver import WaiverStatus


@dataclass(frozen=True)
class ClearanceInputs:
    """Everything that the answer depends on."""

    attempt: Attempt
    readiness: Readiness
    policy: Policy
    seal: Seal
    signoffs: Sequence[SignOff] = ()
    """In the order they were given."""
    waivers: Sequence[WaiverStatus] = ()
    added_by: str = ""
    """Who stored the attempt, as the audit log says; counts as its author beside the one in the plan."""
    accounts: Sequence[Identity] | None = None
    """Where people have accounts: all of them. None where nobody can list the people there are."""
    stale: Sequence[str] = ()
    """A sentence for each input file that is not the one that was checked."""
    misfits: Sequence[str] = ()
    """A sentence for each thing that the cluster will refuse."""


def is_author(case: ClearanceInputs, person: Identity) -> bool:
    """Whether the person wrote the plan or stored the attempt, as far as names tell."""
    known = {*person.names, folded(person.label)}
    return bool(known & {folded(name) for name in (case.attempt.plan.author, case.added_by) if name})


def refusal(case: ClearanceInputs, person: Identity) -> str:
    """Why this person's word does not count here; empty when it does."""
    if person.identified_by not in case.policy.identified_by:
        ways = " or ".join(case.policy.identified_by)
        return f"{person.person} is identified by {person.identified_by}; here only {ways} counts."
    if is_author(case, person) and not _may_sign_own(case, person):
        return f"{person.person} is the attempt's author, and the author's own word does not count."
    return ""


def confirmation_refusal(case: ClearanceInputs, person: Identity) -> str:
    """Why this person cannot be the second one of a waiver; empty when they can."""
    if why := refusal(case, person):
        return why
    role = case.policy.confirm_waivers
    return "" if person.holds(role) else f"{person.person} does not have the role {role}, which must confirm a waiver."


def evidence_end(case: ClearanceInputs) -> datetime:
    """From when on what was measured is too old to launch on."""
    return case.attempt.created_at + timedelta(hours=case.policy.evidence_hours)


def _may_sign_own(case: ClearanceInputs, person: Identity) -> bool:
    return case.policy.self_approval == "single-user" and person.identified_by in ("none", "os-user")
