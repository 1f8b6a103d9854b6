"""What stands between an attempt and its script."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqboard.domain.finding import Finding, Verdict
from aqboard.domain.identity import Identity
from aqboard.domain.plan.policy import ApprovalRule, Policy
from aqboard.domain.readiness import VerdictLine, assess
from aqboard.domain.signing.case import ClearanceInputs
from aqboard.domain.signing.clearance import Clearance, Obstacle, clearance
from aqboard.domain.signing.seats import fill_slots
from aqboard.domain.signing.signoff import Decision, SignOff, seal
from aqboard.domain.signing.waiver import (
    Answer,
    Waiver,
    WaiverStatus,
    finding_digest,
    waived_checks,
    waiver_standings,
)
from tests import samples
from tests.signing_samples import ADA, GRACE, KATHERINE, WHEN, person

PASSED, FAILED = samples.finding("a"), samples.finding("a", Verdict.FAIL)
TWO = Policy(approvals=(ApprovalRule(role="lead"), ApprovalRule(role="any")), self_approval="never")


def case(
    *signoffs: SignOff, policy: Policy = TWO, findings: Sequence[Any] = (PASSED,), **changes: Any
) -> ClearanceInputs:
    attempt = samples.attempt(checks=("a",), created_at=WHEN)
    fields: dict[str, Any] = {
        "attempt": attempt,
        "readiness": assess(("a",), map(VerdictLine.of, findings)),
        "policy": policy,
        "seal": seal(attempt, findings, "body", policy=policy),
        "signoffs": signoffs,
    }
    return ClearanceInputs(**{**fields, **changes})


def said(by: Identity, decision: Decision = Decision.GO, *, hours: float = 0, policy: Policy = TWO) -> SignOff:
    now = case(policy=policy).seal
    return SignOff(
        attempt="0" * 32,
        **by.model_dump(),
        decision=decision,
        seal=now.digest,
        parts=now.parts,
        created_at=WHEN + timedelta(hours=hours),
    )


def waived(by: Identity = GRACE, confirmed_by: Identity | None = KATHERINE) -> tuple[WaiverStatus, ...]:
    """The waiver of a failed check, by one person and confirmed by another."""
    waiver = accepted(FAILED, 24, by)
    answers = [confirmed(waiver, confirmed_by)] if confirmed_by else []
    return waiver_standings([waiver], answers, {"a": FAILED}, WHEN)


def between(given: ClearanceInputs, hours: float = 1) -> list[tuple[str, str]]:
    return [(step.kind.value, step.what) for step in clearance(given, WHEN + timedelta(hours=hours)).between]


def test_missing_approvals_are_listed_by_role_and_say_whom_to_ask() -> None:
    steps = clearance(case(accounts=(GRACE, KATHERINE, ADA)), WHEN).between
    assert [(step.what, step.remedy) for step in steps] == [
        ("GO is missing from 1 person with the role lead (nobody has said GO).", "Ask Grace."),
        ("GO is missing from 1 person (nobody has said GO).", ""),
    ]
    assert between(case(said(GRACE))) == [("approval", "GO is missing from 1 person (1 of 2 given).")]
    assert between(case(said(KATHERINE))) == [
        ("approval", "GO is missing from 1 person with the role lead (1 of 2 given).")
    ]
    assert between(case(said(KATHERINE), said(GRACE))) == []


def test_the_author_does_not_count_but_for_a_single_user() -> None:
    assert "author" in clearance(case(said(ADA)), WHEN).standings[0].why
    alone = Policy()
    for by in ("none", "os-user"):
        cleared = clearance(case(said(person("Ada", by=by), policy=alone), policy=alone), WHEN)
        assert (cleared.between, cleared.standings[0].own) == ((), True)
    assert "author" in clearance(case(said(ADA, policy=alone), policy=alone), WHEN).standings[0].why


def test_whoever_stored_the_attempt_counts_as_its_author_too() -> None:
    for written in ("grace", GRACE.label):
        assert "author" in clearance(case(said(GRACE), added_by=written), WHEN).standings[0].why


def test_an_author_whom_nobody_knows_is_an_obstacle_where_people_have_accounts() -> None:
    assert between(case(accounts=(GRACE, KATHERINE)))[0][0] == Obstacle.AUTHOR
    assert Obstacle.AUTHOR not in [kind for kind, _ in between(case(accounts=(GRACE, ADA)))]


def test_a_no_go_ends_every_go_before_it_and_none_after() -> None:
    no = said(person("Mae"), Decision.NO_GO)
    cleared = clearance(case(said(KATHERINE), said(GRACE), no), WHEN)
    assert [s.holds for s in cleared.standings] == [True, False, False]
    assert all("Mae said NO-GO after it" in s.why for s in cleared.standings[1:])
    assert between(case(no, said(KATHERINE), said(GRACE))) == []


def test_a_no_go_fills_no_seat() -> None:
    given = case(said(KATHERINE, Decision.NO_GO), said(GRACE))
    assert between(given) == [("approval", "GO is missing from 1 person (1 of 2 given).")]


def test_a_seat_is_given_to_whoever_said_go_first() -> None:
    one = Policy()
    (seat,) = clearance(case(said(KATHERINE, policy=one), said(GRACE, policy=one), policy=one), WHEN).seats
    assert seat.taken_by is not None
    assert seat.taken_by.person == "Katherine"


def test_of_several_no_gos_the_last_word_is_named() -> None:
    no_gos = [said(person(name), Decision.NO_GO) for name in ("Mae", "Sally")]
    assert clearance(case(said(GRACE), *no_gos), WHEN).standings[-1].why == "Void: Sally said NO-GO after it."


def test_approvals_are_every_go_that_holds_in_the_order_given() -> None:
    no = said(person("Mae"), Decision.NO_GO)
    given = case(said(GRACE), no, said(KATHERINE), said(GRACE), said(person("Sally")))
    assert [signoff.person for signoff in clearance(given, WHEN).approvals] == ["Katherine", "Grace", "Sally"]
    assert clearance(case(said(KATHERINE)), WHEN).approvals == (), "a lead is missing"


def test_a_missing_approval_is_no_obstacle_to_giving_one() -> None:
    told = clearance(case(misfits=("Too many nodes.",)), WHEN)
    assert [step.kind for step in told.obstacles] == [Obstacle.CLUSTER]


def test_one_person_twice_is_one_approval() -> None:
    twice = case(said(GRACE), said(GRACE, hours=1))
    assert [s.holds for s in clearance(twice, WHEN + timedelta(hours=1)).standings] == [True, False]
    assert len(between(twice)) == 1


def test_a_word_that_does_not_count_replaces_none_that_does() -> None:
    policy = TWO.model_copy(update={"identified_by": ("account",)})
    twice = case(said(GRACE, policy=policy), said(person("Grace", "lead", by="none"), policy=policy), policy=policy)
    assert [s.holds for s in clearance(twice, WHEN).standings] == [False, True]


def test_old_evidence_voids_a_go_that_is_still_young() -> None:
    policy = TWO.model_copy(update={"signoff_hours": 100, "evidence_hours": 20})
    young = case(said(GRACE, hours=19, policy=policy), policy=policy)
    assert clearance(young, WHEN + timedelta(hours=19.9)).standings[0].holds
    assert clearance(young, WHEN + timedelta(hours=20)).standings[0].why == (
        "Void: what was measured is too old by now."
    )


def test_time_ends_a_go_and_the_evidence() -> None:
    policy = TWO.model_copy(update={"signoff_hours": 10, "evidence_hours": 20})
    both = case(said(KATHERINE, policy=policy), said(GRACE, hours=3, policy=policy), policy=policy)
    assert clearance(both, WHEN + timedelta(hours=9)).until == WHEN + timedelta(hours=10)
    assert between(both, 9.99) == []
    assert [kind for kind, _ in between(both, 10)] == ["approval"]
    assert "older than the 10 hours" in clearance(both, WHEN + timedelta(hours=10)).standings[-1].why
    assert "evidence" in [kind for kind, _ in between(both, 20)]


def test_what_changed_is_named() -> None:
    found = [samples.finding("a", summary="measured again")]
    standing = clearance(case(said(GRACE), findings=found), WHEN).standings[0]
    assert standing.why == "Void: the findings changed since this was signed."
    policy = TWO.model_copy(update={"signoff_hours": 1})
    standing = clearance(case(said(GRACE), policy=policy), WHEN).standings[0]
    assert standing.why == "Void: the policy changed since this was signed."


def test_stale_inputs_misfits_and_faults_stand_in_the_way_and_void() -> None:
    told = case(said(GRACE), said(KATHERINE), stale=("best.ckpt has changed.",), misfits=("Too many nodes.",))
    assert [kind for kind, _ in between(told)][:2] == ["input", "cluster"]
    two = case(said(GRACE), stale=("best.ckpt has changed.", "cache.pkl is gone."))
    assert clearance(two, WHEN).standings[0].why == "Void: best.ckpt has changed."
    assert clearance(told, WHEN).approvals == ()
    assert clearance(told, WHEN).standings[0].why == "Void: best.ckpt has changed."
    failed = case(findings=[samples.finding("a", Verdict.FAIL)])
    assert between(failed)[0][0] == "readiness"


def waiver_steps(policy: Policy = TWO, **changes: Any) -> list[str]:
    told = case(policy=policy, findings=(FAILED,), **changes)
    return [step.what for step in clearance(told, WHEN).between if step.kind is Obstacle.WAIVER]


def test_a_waiver_waits_for_a_second_person_as_long_as_the_check_is_open() -> None:
    proposed = waived(confirmed_by=None)
    assert waiver_steps(waivers=proposed) == ["The waiver for a by Grace has no second person yet."]
    passed = case(findings=(PASSED,), waivers=proposed)
    assert Obstacle.WAIVER not in [step.kind for step in clearance(passed, WHEN).between]
    never_ran = case(findings=(), waivers=proposed)
    assert Obstacle.WAIVER in [step.kind for step in clearance(never_ran, WHEN).between]


@pytest.mark.parametrize(
    ("policy", "by", "confirmed_by", "why"),
    [
        ({}, GRACE, KATHERINE, None),
        ({"identified_by": ("account",)}, person("Mae", by="none"), GRACE, "Mae is identified by none"),
        ({"identified_by": ("account",)}, GRACE, person("Mae", by="proxy"), "Mae is identified by proxy"),
        ({"confirm_waivers": "lead"}, GRACE, KATHERINE, "Katherine does not have the role lead"),
        ({"confirm_waivers": "lead"}, KATHERINE, GRACE, None),
        ({}, GRACE, ADA, "Ada is the attempt's author"),
    ],
)
def test_a_waiver_in_force_is_looked_at_again_under_todays_policy(
    policy: dict[str, Any], by: Identity, confirmed_by: Identity, why: str | None
) -> None:
    """It was confirmed once; whether those two people count is asked each time."""
    steps = waiver_steps(TWO.model_copy(update=policy), waivers=waived(by, confirmed_by))
    assert len(steps) == (why is not None)
    assert all(f"The waiver for a does not count: {why}" in step for step in steps)


def test_a_waiver_in_force_that_nobody_else_confirmed_does_not_count() -> None:
    (standing,) = waived(GRACE, KATHERINE)
    alone = standing.model_copy(update={"answers": ()})
    assert waiver_steps(waivers=(alone,)) == ["The waiver for a does not count: nobody else confirmed it."]


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({}, "Nobody is known to have the role lead."),
        ({"people": {"Sally": ("lead", "data"), "Mae": ("data",)}}, "Ask Sally."),
        ({"people": {"Sally": ("lead",)}, "accounts": (KATHERINE, ADA)}, "Ask Sally."),
        ({"people": {"Sally": ("lead",)}, "accounts": (GRACE, ADA)}, "Ask Grace."),
    ],
)
def test_whom_to_ask_are_the_accounts_with_the_role_or_else_the_people_of_the_policy(
    changes: dict[str, Any], remedy: str
) -> None:
    people = changes.pop("people", {})
    told = case(policy=TWO.model_copy(update={"people": people}), **changes)
    assert clearance(told, WHEN).between[-2].remedy == remedy


def test_several_people_missing_from_one_role_are_one_step() -> None:
    policy = Policy(approvals=(ApprovalRule(role="any"), ApprovalRule(role="lead", count=2)))
    assert between(case(policy=policy)) == [
        ("approval", "GO is missing from 2 people with the role lead (nobody has said GO)."),
        ("approval", "GO is missing from 1 person (nobody has said GO)."),
    ]


roles = st.sets(st.sampled_from(("lead", "data", "ops")))
people = st.lists(roles, max_size=5).map(
    lambda held: [said(person(f"P{i}", *sorted(has))) for i, has in enumerate(held)]
)
wanted = st.lists(st.sampled_from(("any", "lead", "data", "ops")), min_size=1, max_size=4)


@given(people, wanted)
def test_seats_are_filled_as_well_as_they_can_be(held: list[SignOff], seats: list[str]) -> None:
    """Against trying every order: as many seats are filled, each by a person of its own who may sit there."""
    policy = Policy(approvals=tuple(ApprovalRule(role=r, count=seats.count(r)) for r in dict.fromkeys(seats)))
    filled = fill_slots(policy, held)
    taken = [seat.taken_by for seat in filled if seat.taken_by]
    assert len({signoff.person for signoff in taken}) == len(taken)
    assert all(seat.taken_by.holds(seat.role) for seat in filled if seat.taken_by)
    padded = [*held, *[None] * len(seats)]
    best = max(
        sum(who is not None and who.holds(role) for who, role in zip(order, seats, strict=True))
        for order in permutations(padded, len(seats))
    )
    assert len(taken) == best


hours_s = st.integers(min_value=0, max_value=60)
goes = st.lists(st.tuples(st.integers(0, 4), roles, st.integers(min_value=0, max_value=12)), max_size=6)
waived_s = st.lists(st.integers(min_value=1, max_value=40), max_size=2)


@settings(deadline=None)
@given(goes, wanted, waived_s, hours_s, hours_s)
def test_until_is_the_first_moment_at_which_time_alone_ends_the_clearance(
    given_by: list[tuple[int, set[str], int]],
    seats: list[str],
    waiver_hours: list[int],
    signoff_hours: int,
    evidence_hours: int,
) -> None:
    """Against asking again every hour, with waivers that expire and a seal that is taken anew each time."""
    policy = Policy(
        approvals=tuple(ApprovalRule(role=r, count=seats.count(r)) for r in dict.fromkeys(seats)),
        signoff_hours=signoff_hours + 1,
        evidence_hours=evidence_hours + 13,
    )
    checks = [f"c{i}" for i in range(len(waiver_hours))]
    attempt = samples.attempt(checks=("a", *checks), created_at=WHEN)
    found = (PASSED, *(samples.finding(check, Verdict.FAIL) for check in checks))
    waivers = [accepted(f, hours) for f, hours in zip(found[1:], waiver_hours, strict=True)]
    answers = [confirmed(waiver) for waiver in waivers]

    def at(hour: float, signoffs: Sequence[SignOff]) -> Clearance:
        now = WHEN + timedelta(hours=hour)
        standings = waiver_standings(waivers, answers, {f.check: f for f in found}, now)
        return clearance(
            ClearanceInputs(
                attempt=attempt,
                readiness=assess(attempt.checks, map(VerdictLine.of, found), waived_checks(standings)),
                policy=policy,
                seal=seal(attempt, found, "body", policy=policy, waivers=standings),
                signoffs=signoffs,
                waivers=standings,
            ),
            now,
        )

    sealed = seal(
        attempt, found, "body", policy=policy,
        waivers=waiver_standings(waivers, answers, {f.check: f for f in found}, WHEN),
    )  # fmt: skip
    signoffs = [
        SignOff(
            attempt=attempt.uid,
            **person(f"P{who}", *sorted(has)).model_dump(),
            decision=Decision.GO,
            seal=sealed.digest,
            parts=sealed.parts,
            created_at=WHEN + timedelta(hours=hour),
        )
        for who, has, hour in sorted(given_by, key=lambda each: each[2])
    ]
    cleared = at(12, signoffs)
    assert (cleared.until is None) == bool(cleared.between)
    hours = (hour for hour in range(12, 200) if at(hour, signoffs).between)
    if cleared.until is not None:
        assert cleared.until == WHEN + timedelta(hours=next(hours))


def accepted(finding: Finding, hours: int, by: Identity = GRACE) -> Waiver:
    return Waiver(
        attempt="0" * 32,
        **by.model_dump(),
        created_at=WHEN,
        check=finding.check,
        verdict=finding.verdict,
        finding=finding_digest(finding.check, finding),
        reason="r",
        risk="r",
        expires_at=WHEN + timedelta(hours=hours),
    )


def confirmed(waiver: Waiver, by: Identity = KATHERINE) -> Answer:
    return Answer(attempt="0" * 32, **by.model_dump(), created_at=WHEN, waiver=waiver.uid, answer="confirmed")


def test_a_go_that_can_be_spared_does_not_end_the_clearance() -> None:
    one = Policy(signoff_hours=10)
    both = case(said(KATHERINE, policy=one), said(GRACE, hours=3, policy=one), policy=one)
    assert clearance(both, WHEN + timedelta(hours=4)).until == WHEN + timedelta(hours=13)


def test_the_oldest_go_is_spared_first_in_whatever_order_they_are_listed() -> None:
    one = Policy(signoff_hours=10)
    both = case(said(KATHERINE, hours=3, policy=one), said(GRACE, policy=one), policy=one)
    assert clearance(both, WHEN + timedelta(hours=4)).until == WHEN + timedelta(hours=13)


def test_a_waiver_that_nobody_confirmed_ends_nothing() -> None:
    one = Policy(signoff_hours=48)
    proposed = waived(confirmed_by=None)
    cleared = clearance(case(said(KATHERINE, policy=one), policy=one, waivers=proposed), WHEN)
    assert cleared.until == WHEN + timedelta(hours=48)


@pytest.mark.parametrize(("by", "counts"), [("none", False), ("account", True)])
def test_only_the_ways_that_the_policy_counts_count(by: str, counts: bool) -> None:
    policy = Policy(identified_by=("account",))
    given = case(said(person("Grace", by=by), policy=policy), policy=policy)
    assert (between(given) == []) == counts
