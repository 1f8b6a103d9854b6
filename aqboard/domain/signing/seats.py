"""The approvals that a policy asks for, and the people who fill them."""

from collections.abc import Sequence
from dataclasses import dataclass

from aqboard.domain.identity import ANY
from aqboard.domain.plan.policy import Policy
from aqboard.domain.signing.signoff import SignOff


@dataclass(frozen=True)
class ApprovalSlot:
    """One approval that the policy asks for, and the GO that fills it."""

    role: str
    taken_by: SignOff | None = None


def fill_slots(policy: Policy, held: Sequence[SignOff]) -> tuple[ApprovalSlot, ...]:
    """Give every approval that the policy asks for to a person of its own, as many as can be.

    A person with several roles must not take a seat that another could not fill instead, so this is a matching:
    each seat may ask those before it to move (augmenting paths).
    """
    rules = sorted(policy.approvals, key=lambda rule: rule.role == ANY)
    roles = [rule.role for rule in rules for _ in range(rule.count)]
    taken: dict[int, int] = {}  # person -> seat

    def seated(seat: int, asked: set[int]) -> bool:
        for person, signoff in enumerate(held):
            if person in asked or not signoff.holds(roles[seat]):
                continue
            asked.add(person)
            if person not in taken or seated(taken[person], asked):
                taken[person] = seat
                return True
        return False

    for seat in range(len(roles)):
        seated(seat, set())
    by_seat = {seat: held[person] for person, seat in taken.items()}
    return tuple(ApprovalSlot(role, by_seat.get(seat)) for seat, role in enumerate(roles))
