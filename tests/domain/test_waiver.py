"""When a waiver counts: a second person, the same finding, in time, and nobody against it."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from aqboard.domain.finding import Finding, Verdict
from aqboard.domain.identity import Identity
from aqboard.domain.readiness import State, VerdictLine, assess
from aqboard.domain.signing.waiver import (
    Answer,
    Waiver,
    WaiverState,
    WaiverStatus,
    finding_digest,
    says_nothing,
    waived_checks,
    waiver_standings,
)
from tests import samples
from tests.signing_samples import ADA, GRACE, KATHERINE, WHEN, person

FAILED = samples.finding("a", Verdict.FAIL)


def waiver(by: Identity = ADA, finding: Finding | None = FAILED) -> Waiver:
    return Waiver(
        attempt="0" * 32,
        **by.model_dump(),
        created_at=WHEN,
        check="a",
        verdict="fail" if finding else "not run",
        finding=finding_digest("a", finding),
        reason="known",
        risk="a lost night",
        expires_at=WHEN + timedelta(days=7),
    )


def answer(to: Waiver, by: Identity, said: str = "confirmed") -> Answer:
    return Answer(attempt="0" * 32, **by.model_dump(), created_at=WHEN, waiver=to.uid, answer=said)


def state(*answers: Answer, of: Waiver, finding: Finding | None = FAILED, days: float = 0) -> WaiverStatus:
    found = {"a": finding} if finding else {}
    (standing,) = waiver_standings([of], answers, found, WHEN + timedelta(days=days))
    return standing


def test_it_counts_once_a_second_person_confirms_it() -> None:
    made = waiver()
    assert state(of=made).state is WaiverState.PROPOSED
    assert state(answer(made, ADA), of=made).state is WaiverState.PROPOSED, "her own confirmation is none"
    confirmed = state(answer(made, GRACE), of=made)
    assert (confirmed.state, confirmed.confirmed_by) == (WaiverState.IN_FORCE, answer(made, GRACE))
    assert waived_checks([confirmed]) == {"a"}
    assert waived_checks([state(of=made)]) == frozenset(), "a proposed waiver accepts nothing"


@pytest.mark.parametrize("same", [person(" ADA  ", by="none"), person("Ada", by="os-user"), person("Ａda", by="none")])
def test_one_person_under_two_ways_of_identification_is_one(same: Identity) -> None:
    made = waiver()
    assert state(answer(made, same), of=made).state is WaiverState.PROPOSED


def test_anybody_may_refuse_and_that_stays() -> None:
    made = waiver()
    said = (answer(made, GRACE), answer(made, KATHERINE, "refused"), answer(made, GRACE))
    assert state(*said, of=made).state is WaiverState.REFUSED


def test_another_finding_or_the_end_of_its_time_ends_it() -> None:
    made = waiver()
    confirmed = answer(made, GRACE)
    other = samples.finding("a", Verdict.FAIL, summary="something else failed")
    assert state(confirmed, of=made, finding=other).state is WaiverState.VOID
    assert state(confirmed, of=made, days=6.99).state is WaiverState.IN_FORCE
    assert state(confirmed, of=made, days=7).state is WaiverState.EXPIRED


def test_a_check_that_never_ran_may_be_waived_and_running_it_voids_that() -> None:
    made = waiver(finding=None)
    assert state(answer(made, GRACE), of=made, finding=None).state is WaiverState.IN_FORCE
    assert state(answer(made, GRACE), of=made).state is WaiverState.VOID


def test_readiness_with_waivers() -> None:
    lines = [VerdictLine("a", "fail", "blocks"), VerdictLine("b", "pass", "blocks")]
    assert assess(("a", "b"), lines).state is State.NOT_READY
    ready = assess(("a", "b"), lines, {"a"})
    assert (ready.state, ready.waived, ready.faults) == (State.READY, ("a",), ())
    assert ready.sentence == "1 of 2 checks passed, 1 accepted by a waiver."
    assert assess(("a", "c"), lines[:1], {"a", "c"}).state is State.INCOMPLETE, "nothing at all was shown"
    assert assess(("a", "b", "c"), lines, {"a"}).state is State.INCOMPLETE
    assert assess(("a", "b"), lines, {"b"}).waived == (), "what passed needs no waiver"


def test_of_what_was_said_only_a_confirmation_by_somebody_else_confirms() -> None:
    made = waiver()
    said = (answer(made, GRACE), answer(made, KATHERINE), answer(made, ADA), answer(made, person("Mae"), "refused"))
    standing = WaiverStatus(waiver=made, answers=said, state=WaiverState.IN_FORCE)
    assert standing.confirmed_by == said[1], "the last one"
    only_refused = standing.model_copy(update={"answers": said[3:]})
    assert only_refused.confirmed_by is None


def test_an_answer_belongs_to_the_waiver_it_names() -> None:
    one, other = waiver(), waiver(GRACE)
    standings = waiver_standings([one, other], [answer(one, KATHERINE)], {"a": FAILED}, WHEN)
    assert [standing.state for standing in standings] == [WaiverState.IN_FORCE, WaiverState.PROPOSED]
    assert [standing.waiver.person for standing in standings] == ["Ada", "Grace"]


@pytest.mark.parametrize(
    ("verdict", "nothing"),
    [("error", True), ("skip", True), ("not run", True), ("pass", False), ("warn", False), ("fail", False)],
)
def test_a_check_without_an_answer_says_nothing(verdict: str, nothing: bool) -> None:
    assert says_nothing(verdict) == nothing


def test_what_is_not_said_is_not_unknown() -> None:
    assert not waiver().unknown


@pytest.mark.parametrize("field", ["reason", "risk"])
@pytest.mark.parametrize(("text", "fits"), [("x", True), ("x" * 2000, True), ("  ", False), ("x" * 2001, False)])
def test_reason_and_risk_must_be_written_and_be_read(field: str, text: str, fits: bool) -> None:
    written = waiver().model_dump() | {field: text}
    if fits:
        assert getattr(Waiver.model_validate(written), field) == text
    else:
        with pytest.raises(ValidationError):
            Waiver.model_validate(written)


def test_an_answers_comment_has_room_for_two_thousand_characters() -> None:
    said = answer(waiver(), GRACE).model_dump()
    assert Answer.model_validate(said | {"comment": "x" * 2000})
    with pytest.raises(ValidationError):
        Answer.model_validate(said | {"comment": "x" * 2001})
