"""Whose word counts: how people are identified, who the author is, and who may confirm a waiver."""

import pytest

from aqboard.domain.identity import Identity
from aqboard.domain.plan.policy import Policy
from aqboard.domain.signing.case import confirmation_refusal, refusal
from tests.domain.test_clearance import TWO, case
from tests.signing_samples import ADA, GRACE, KATHERINE, person


def test_a_way_of_identification_that_the_policy_does_not_count_is_refused() -> None:
    policy = Policy(identified_by=("account", "oidc"))
    assert refusal(case(policy=policy), person("Mae", by="none")) == (
        "Mae is identified by none; here only account or oidc counts."
    )
    assert refusal(case(policy=policy), GRACE) == ""


@pytest.mark.parametrize(
    ("self_approval", "by", "counts"),
    [
        ("single-user", "none", True),
        ("single-user", "os-user", True),
        ("single-user", "account", False),
        ("single-user", "oidc", False),
        ("never", "none", False),
        ("never", "os-user", False),
        ("never", "account", False),
    ],
)
def test_the_authors_own_word_counts_only_where_nobody_is_verified(self_approval: str, by: str, counts: bool) -> None:
    policy = Policy.model_validate({"self_approval": self_approval})
    assert (refusal(case(policy=policy), person("Ada", by=by)) == "") == counts
    assert refusal(case(policy=policy), person("Grace", by=by)) == "", "somebody else"


def test_only_the_role_that_the_policy_names_confirms_a_waiver() -> None:
    policy = TWO.model_copy(update={"confirm_waivers": "lead"})
    assert confirmation_refusal(case(policy=policy), KATHERINE) == (
        "Katherine does not have the role lead, which must confirm a waiver."
    )
    assert confirmation_refusal(case(policy=policy), GRACE) == ""
    assert confirmation_refusal(case(), KATHERINE) == "", "where no role is named, anybody may"


@pytest.mark.parametrize("who", [ADA, person("Mae", "lead", by="none")])
def test_whoever_may_not_sign_may_not_confirm_a_waiver_either(who: Identity) -> None:
    policy = TWO.model_copy(update={"identified_by": ("account",)})
    assert confirmation_refusal(case(policy=policy), who) == refusal(case(policy=policy), who) != ""
