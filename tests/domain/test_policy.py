"""What a policy may say, and what an installation adds to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aqboard.domain.errors import LaunchError
from aqboard.domain.identity import WAYS
from aqboard.domain.plan.policy import ApprovalRule, Policy, stricter


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
        {"signoff_hours": 0},
        {"self_approval": "always"},
        {"identified_by": []},
        {"aprovals": []},
        {"approvals": [{"role": "lead", "count": 21}]},
        {"approvals": [{"role": f"r{number}"} for number in range(21)]},
        {"evidence_hours": 100_001},
        {"signoff_hours": 100_001},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_a_policy_that_asks_for_nothing_or_nonsense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(wrong)


def test_a_policy_may_ask_for_much() -> None:
    many = {"approvals": [{"role": f"r{number}", "count": 20} for number in range(20)]}
    assert Policy.model_validate(many | {"evidence_hours": 100_000, "signoff_hours": 0.5}).needed == 400


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"approvals": [{"count": 2}]}, "A launch needs GO from 2 people."),
        ({"approvals": [{"role": "lead"}]}, "A launch needs GO from one person with the role lead."),
        ({"approvals": [{"role": "data", "count": 3}, {}]}, "GO from 3 people (data) and one person."),
        ({"self_approval": "never"}, "The author of the attempt does not count."),
        ({"evidence_hours": 48}, "Evidence counts for 2 days,"),
        ({"signoff_hours": 47}, "a GO for 47 hours."),
    ],
)
def test_the_policy_in_words(policy: dict[str, object], said: str) -> None:
    assert said in Policy.model_validate(policy).sentence


def test_an_installation_narrows_who_counts_and_who_confirms() -> None:
    minimum = Policy(identified_by=("oidc",), confirm_waivers="lead")
    both = stricter(Policy(), minimum, ("oidc", "account"))
    assert (both.identified_by, both.confirm_waivers) == (("oidc",), "lead")
    both = stricter(Policy(identified_by=("account",), confirm_waivers="data"), Policy(), ("oidc", "account"))
    assert (both.identified_by, both.confirm_waivers) == (("account",), "data"), "it says nothing about either"
    both = stricter(Policy(confirm_waivers="data"), Policy(confirm_waivers="any"), WAYS)
    assert both.confirm_waivers == "data", "anybody is less than a role"


def test_an_installation_that_counts_nobody_whom_the_plan_counts_is_told() -> None:
    with pytest.raises(LaunchError, match="counts people identified by account"):
        stricter(Policy(identified_by=("account",)), Policy(identified_by=("oidc",)), ("oidc", "account"))


def test_an_installation_adds_and_never_takes_away() -> None:
    plan = Policy(approvals=(ApprovalRule(role="any", count=3),), signoff_hours=24)
    minimum = Policy.model_validate(
        {"approvals": [{"role": "lead"}, {"role": "any", "count": 1}], "self_approval": "never", "signoff_hours": 48}
    )
    both = stricter(plan, minimum, ("account",))
    assert {rule.role: rule.count for rule in both.approvals} == {"any": 3, "lead": 1}
    assert (both.self_approval, both.signoff_hours, both.identified_by) == ("never", 24, ("account",))
    assert both.evidence_hours == plan.evidence_hours, "the minimum says nothing about it"


@pytest.mark.parametrize("minimum", [None, Policy()])
def test_an_installation_that_says_nothing_changes_nothing(minimum: Policy | None) -> None:
    plan = Policy(approvals=(ApprovalRule(role="lead"),), evidence_hours=1000, signoff_hours=1000)
    assert stricter(plan, minimum, WAYS) == plan


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
