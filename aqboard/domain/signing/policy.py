"""The policy: who must agree before a launch, and how long what they agreed to may be relied on."""

from typing import Literal, Self

from pydantic import Field, model_validator

from aqboard.domain.errors import LaunchError
from aqboard.domain.model import Name, Record
from aqboard.domain.signing.identity import ANY, WAYS, IdentifiedBy, RoleName

MOST_HOURS = 100_000


class ApprovalRule(Record):
    """`count` different people who hold `role`; `any` is held by everybody."""

    role: RoleName = ANY
    count: int = Field(default=1, ge=1, le=20)


class Policy(Record):
    """What a GO needs. The plan's section `policy`; an installation may ask for more, never for less.

    Every rule asks for people of its own: a lead and one more are two people, also when both are leads.
    """

    approvals: tuple[ApprovalRule, ...] = Field(default=(ApprovalRule(),), min_length=1, max_length=20)
    self_approval: Literal["never", "single-user"] = "single-user"
    """Whether the attempt's author counts: never, or only where the board verifies nobody anyway."""
    identified_by: tuple[IdentifiedBy, ...] = Field(default=WAYS, min_length=1)
    """The ways of identification that count."""
    people: dict[Name, tuple[RoleName, ...]] = Field(default_factory=dict)
    """Who holds which role, where the installation does not say so itself (single-user)."""
    confirm_waivers: RoleName = ANY
    """The role that the second person of a waiver must hold."""
    evidence_hours: float = Field(default=336, gt=0, le=MOST_HOURS)
    """After so many hours what was measured is too old to launch on."""
    signoff_hours: float = Field(default=168, gt=0, le=MOST_HOURS)
    """After so many hours a GO no longer counts."""

    @model_validator(mode="after")
    def _each_role_once(self) -> Self:
        roles = [rule.role for rule in self.approvals]
        if repeated := next((role for role in roles if roles.count(role) > 1), None):
            raise ValueError(f"name each role once: {repeated!r} stands twice in `approvals`; write its `count`")
        return self

    @property
    def needed(self) -> int:
        """How many different people must say GO."""
        return sum(rule.count for rule in self.approvals)

    @property
    def sentence(self) -> str:
        """The policy in words."""
        rules = " and ".join(_rule(rule) for rule in self.approvals)
        author = (
            "The author of the attempt does not count."
            if self.self_approval == "never"
            else "The author of the attempt counts only where nobody's identity is verified."
        )
        return (
            f"A launch needs GO from {rules}. {author} "
            f"Evidence counts for {_span(self.evidence_hours)}, a GO for {_span(self.signoff_hours)}."
        )


def stricter(plan: Policy, minimum: Policy | None, accepted: tuple[IdentifiedBy, ...]) -> Policy:
    """The plan's policy with everything that the installation asks for on top.

    `minimum`: only what was written in it counts. Raises LaunchError when no way of identification is left.
    """
    ways = tuple(way for way in plan.identified_by if way in accepted)
    told = minimum.model_fields_set if minimum else set()
    if minimum and "identified_by" in told:
        ways = tuple(way for way in ways if way in minimum.identified_by)
    if not ways:
        raise LaunchError(
            f"The plan's policy counts people identified by {', '.join(plan.identified_by)}; this installation "
            f"identifies them by {', '.join(accepted)}. Change `policy.identified_by` in the plan."
        )
    changes: dict[str, object] = {"identified_by": ways}
    if minimum:
        if "approvals" in told:
            counts = {rule.role: rule.count for rule in plan.approvals}
            for rule in minimum.approvals:
                counts[rule.role] = max(rule.count, counts.get(rule.role, 0))
            changes["approvals"] = tuple(ApprovalRule(role=role, count=count) for role, count in counts.items())
        if minimum.self_approval == "never":
            changes["self_approval"] = "never"
        if "confirm_waivers" in told and minimum.confirm_waivers != ANY:
            changes["confirm_waivers"] = minimum.confirm_waivers
        for hours in ("evidence_hours", "signoff_hours"):
            if hours in told:
                changes[hours] = min(getattr(plan, hours), getattr(minimum, hours))
    return plan.model_copy(update=changes)


def _rule(rule: ApprovalRule) -> str:
    if rule.role == ANY:
        return "one person" if rule.count == 1 else f"{rule.count} people"
    return f"one person with the role {rule.role}" if rule.count == 1 else f"{rule.count} people ({rule.role})"


def _span(hours: float) -> str:
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"
