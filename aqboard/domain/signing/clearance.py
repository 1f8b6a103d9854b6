"""May it be launched? What stands between an attempt and its script, and what every decision is worth now.

Pure: the same case at the same moment always gives the same answer. Nothing stores it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from aqboard.domain.identity import ANY, folded, same_person
from aqboard.domain.readiness import State
from aqboard.domain.signing.case import ClearanceInputs, confirmation_refusal, evidence_end, is_author, refusal
from aqboard.domain.signing.seats import ApprovalSlot, fill_slots
from aqboard.domain.signing.signoff import Decision, SignOff
from aqboard.domain.signing.waiver import WaiverState, WaiverStatus
from aqboard.domain.words import moment


class Obstacle(StrEnum):
    """What kind of thing stands in the way; `APPROVAL` is the only one that a GO takes away."""

    READINESS = "readiness"
    WAIVER = "waiver"
    EVIDENCE = "evidence"
    INPUT = "input"
    CLUSTER = "cluster"
    AUTHOR = "author"
    APPROVAL = "approval"


@dataclass(frozen=True)
class OpenStep:
    """One thing between here and the launch: what it is, and what to do."""

    kind: Obstacle
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class SignoffStatus:
    """A sign-off, and whether it still holds; `why` says what voided it. `own`: the author signed."""

    signoff: SignOff
    holds: bool
    why: str = ""
    own: bool = False


@dataclass(frozen=True)
class Clearance:
    """The answer. Launch is possible when nothing stands between."""

    standings: tuple[SignoffStatus, ...]
    """Newest first."""
    seats: tuple[ApprovalSlot, ...]
    between: tuple[OpenStep, ...]
    until: datetime | None
    """From when on it is not cleared any more, by time alone; None while something stands between."""

    @property
    def obstacles(self) -> tuple[OpenStep, ...]:
        """What stands in the way of anybody's GO: all but the missing approvals."""
        return tuple(step for step in self.between if step.kind is not Obstacle.APPROVAL)

    @property
    def approvals(self) -> tuple[SignOff, ...]:
        """Everybody's GO that holds, in the order given, once the policy is satisfied; empty before."""
        if self.between:
            return ()
        held = [s.signoff for s in reversed(self.standings) if s.holds and s.signoff.decision is Decision.GO]
        return tuple(held)


def clearance(case: ClearanceInputs, now: datetime) -> Clearance:
    """What stands between the attempt and its script at the moment `now`."""
    standings = _standings(case, now)
    held = [s.signoff for s in reversed(standings) if s.holds and s.signoff.decision is Decision.GO]
    seats = fill_slots(case.policy, held)
    between = (*_obstacles(case, now), *_missing(case, seats, held))
    return Clearance(tuple(standings), seats, between, None if between else _until(case, held))


def _standings(case: ClearanceInputs, now: datetime) -> list[SignoffStatus]:
    """Newest first. Of one person's several GOs the newest holds; a NO-GO ends every GO before it."""
    found: list[SignoffStatus] = []
    no_go: SignOff | None = None
    for signoff in reversed(case.signoffs):
        own = is_author(case, signoff)
        if signoff.decision is Decision.NO_GO:
            found.append(SignoffStatus(signoff, True, own=own))
            no_go = no_go or signoff
            continue
        why = _why_void(case, signoff, no_go, found, now)
        found.append(SignoffStatus(signoff, not why, why, own))
    return found


def _why_void(
    case: ClearanceInputs, signoff: SignOff, no_go: SignOff | None, later: list[SignoffStatus], now: datetime
) -> str:
    if changed := case.seal.changed_since(signoff):
        return f"Void: {' and '.join(changed)} changed since this was signed."
    if case.stale:
        return f"Void: {case.stale[0]}"
    if no_go:
        return f"Void: {no_go.person} said NO-GO after it."
    if why := refusal(case, signoff):
        return f"Void: {why}"
    if now >= signoff.created_at + timedelta(hours=case.policy.signoff_hours):
        return f"Void: it is older than the {case.policy.signoff_hours:g} hours that a GO counts for."
    if now >= evidence_end(case):
        return "Void: what was measured is too old by now."
    if any(s.holds and s.signoff.decision is Decision.GO and same_person(s.signoff, signoff) for s in later):
        return f"Replaced: {signoff.person} said GO again later."
    return ""


def _obstacles(case: ClearanceInputs, now: datetime) -> list[OpenStep]:
    steps = []
    if case.readiness.state is not State.READY:
        steps.append(
            OpenStep(
                Obstacle.READINESS,
                f"The attempt is {case.readiness.state}: {case.readiness.sentence}",
                "Mend what the readiness page lists; what cannot be mended, two people may accept with a waiver.",
            )
        )
    open_checks = {*case.readiness.faults, *case.readiness.unknown}
    steps += [
        _waiver_step(s) for s in case.waivers if s.state is WaiverState.PROPOSED and s.waiver.check in open_checks
    ]
    for standing in case.waivers:
        if standing.state is WaiverState.IN_FORCE and (why := _waiver_refusal(case, standing)):
            steps.append(OpenStep(Obstacle.WAIVER, f"The waiver for {standing.waiver.check} does not count: {why}"))
    if now >= evidence_end(case):
        steps.append(
            OpenStep(
                Obstacle.EVIDENCE,
                f"The evidence is too old: measured from {moment(case.attempt.created_at)}, "
                f"it counts for {case.policy.evidence_hours:g} hours.",
                "Check the plan again.",
            )
        )
    steps += [
        OpenStep(Obstacle.INPUT, sentence, "Put the file back, or check the plan again.") for sentence in case.stale
    ]
    steps += [OpenStep(Obstacle.CLUSTER, sentence) for sentence in case.misfits]
    if _author_unknown(case):
        steps.append(
            OpenStep(
                Obstacle.AUTHOR,
                f"The plan's author {case.attempt.plan.author!r} is nobody's account, "
                "so nobody can tell whether the author signs their own attempt.",
                "Write the account's name as `author` in the plan, and check it again.",
            )
        )
    return steps


def _waiver_step(standing: WaiverStatus) -> OpenStep:
    waiver = standing.waiver
    return OpenStep(
        Obstacle.WAIVER,
        f"The waiver for {waiver.check} by {waiver.person} has no second person yet.",
        "Somebody else confirms or refuses it.",
    )


def _waiver_refusal(case: ClearanceInputs, standing: WaiverStatus) -> str:
    confirmed = standing.confirmed_by
    if standing.waiver.identified_by not in case.policy.identified_by:
        return f"{standing.waiver.person} is identified by {standing.waiver.identified_by}, which does not count here."
    if confirmed is None:
        return "nobody else confirmed it."
    return confirmation_refusal(case, confirmed)


def _author_unknown(case: ClearanceInputs) -> bool:
    if case.accounts is None:
        return False
    author = folded(case.attempt.plan.author)
    return not any(author in account.names for account in case.accounts)


def _missing(case: ClearanceInputs, seats: Sequence[ApprovalSlot], held: Sequence[SignOff]) -> list[OpenStep]:
    missing = [seat.role for seat in seats if seat.taken_by is None]
    said = f"{len(held)} of {case.policy.needed} given" if held else "nobody has said GO"
    steps = []
    for role in dict.fromkeys(missing):
        count = missing.count(role)
        who = "person" if count == 1 else "people"
        of = "" if role == ANY else f" with the role {role}"
        steps.append(
            OpenStep(Obstacle.APPROVAL, f"GO is missing from {count} {who}{of} ({said}).", _whom_to_ask(case, role))
        )
    return steps


def _whom_to_ask(case: ClearanceInputs, role: str) -> str:
    if role == ANY:
        return ""
    listed = [account.person for account in case.accounts or () if account.holds(role)]
    named = listed or [person for person, roles in case.policy.people.items() if role in roles]
    return f"Ask {', '.join(named)}." if named else f"Nobody is known to have the role {role}."


def _until(case: ClearanceInputs, held: Sequence[SignOff]) -> datetime:
    """The moment from which a case that is cleared now is not any more, if nothing is recorded in between.

    Any waiver in force ends it, because those are part of the seal. Of the GOs only one that cannot be spared does: a
    launch that has more of them than it needs may lose some.
    """
    ends = [evidence_end(case), *(s.waiver.expires_at for s in case.waivers if s.state is WaiverState.IN_FORCE)]
    left = sorted(held, key=lambda signoff: signoff.created_at)
    for oldest in tuple(left):
        left.remove(oldest)
        if any(seat.taken_by is None for seat in fill_slots(case.policy, left)):
            return min(*ends, oldest.created_at + timedelta(hours=case.policy.signoff_hours))
    return min(ends)
