"""What a policy may say, and what an installation adds to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aqboard.domain.errors import LaunchError
from aqboard.domain.signing.identity import WAYS
from aqboard.domain.signing.policy import ApprovalRule, Policy, stricter


def test_the_default_is_one_approval_in_words() -> None:
    assert Policy().needed == 1
    assert Policy().sentence == (
        "A launch needs GO from one person. The author of the attempt counts only where nobody's identity is "
        "verified. Evidence counts for 14 days, a GO for 7 days."
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"approvals": []},
        {"approvals": [{"role": "any"}, {"role": "any"}]},
        {"approvals": [{"role": "Lead!"}]},
        {"approvals": [{"role": "lead", "count": 0}]},
        {"evidence_hours": 0},
        {"signoff_hours": float("nan")},
        {"self_approval": "always"},
        {"identified_by": []},
        {"aprovals": []},
    ],
    ids=str,
)
def test_a_policy_that_asks_for_nothing_or_nonsense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(wrong)


def test_an_installation_adds_and_never_takes_away() -> None:
    plan = Policy(approvals=(ApprovalRule(role="any", count=3),), signoff_hours=24)
    minimum = Policy.model_validate(
        {"approvals": [{"role": "lead"}, {"role": "any", "count": 1}], "self_approval": "never", "signoff_hours": 48}
    )
    both = stricter(plan, minimum, ("account",))
    assert {rule.role: rule.count for rule in both.approvals} == {"any": 3, "lead": 1}
    assert (both.self_approval, both.signoff_hours, both.identified_by) == ("never", 24, ("account",))
    assert both.evidence_hours == plan.evidence_hours, "the minimum says nothing about it"


def test_a_plan_that_counts_nobody_the_installation_can_identify_is_told() -> None:
    with pytest.raises(LaunchError, match=r"counts people identified by oidc; this installation .* account"):
        stricter(Policy(identified_by=("oidc",)), None, ("account",))


rules = st.lists(st.sampled_from(("any", "lead", "data")), unique=True, min_size=1).flatmap(
    lambda roles: st.tuples(*(st.builds(ApprovalRule, role=st.just(r), count=st.integers(1, 3)) for r in roles))
)
policies = st.builds(
    Policy,
    approvals=rules,
    self_approval=st.sampled_from(("never", "single-user")),
    evidence_hours=st.floats(1, 1000),
    signoff_hours=st.floats(1, 1000),
)


@given(policies, policies)
def test_nothing_gets_easier_by_an_installations_word(plan: Policy, minimum: Policy) -> None:
    both = stricter(plan, minimum, WAYS)
    for policy in (plan, minimum):
        counts = {rule.role: rule.count for rule in both.approvals}
        assert all(counts[rule.role] >= rule.count for rule in policy.approvals)
        assert both.evidence_hours <= policy.evidence_hours
        assert both.signoff_hours <= policy.signoff_hours
        assert policy.self_approval != "never" or both.self_approval == "never"
