from typing import Any

import pytest
from pydantic import ValidationError

from aqboard.domain.finding import Verdict
from aqboard.domain.plan.policy import Policy
from aqboard.domain.signing.signoff import Decision, Seal, SignOff, seal
from aqboard.domain.signing.waiver import Waiver, WaiverState, WaiverStatus
from tests import samples
from tests.signing_samples import GRACE, WHEN

BODY = "#!/bin/bash\nsrun python train.py\n"


def sealed(findings: tuple[Any, ...] = (), script: str = BODY, **changes: Any) -> str:
    found = findings or (samples.finding("a"), samples.finding("b"))
    return seal(samples.attempt(**changes), found, script, policy=Policy()).digest


def test_the_same_things_give_the_same_seal() -> None:
    assert sealed() == sealed()
    assert sealed((samples.finding("b"), samples.finding("a"))) == sealed(), "the order of findings is not content"
    assert len(sealed()) == 64


def changed_input() -> Any:
    (file,) = samples.attempt().inputs
    return (file.model_copy(update={"sha256": "t" * 64}),)


@pytest.mark.parametrize(
    "change",
    [
        {"plan": samples.plan(name="another name")},
        {"plan": samples.plan(baseline={"val_loss": 0.3561})},
        {"plan_text": "# a comment more\n"},
        {"inputs": changed_input()},
        {"inputs": ()},
        {"uid": "1" * 32},
        {"script": BODY.replace("train", "tra1n")},
        {"findings": (samples.finding("a"), samples.finding("b", Verdict.WARN))},
        {"findings": (samples.finding("a"),)},
        {"findings": (samples.finding("a"), samples.finding("b", summary="something else was seen"))},
    ],
    ids=str,
)
def test_any_change_breaks_the_seal(change: dict[str, Any]) -> None:
    assert sealed(**change) != sealed()


def test_a_touched_file_with_the_same_content_keeps_the_seal() -> None:
    (file,) = samples.attempt().inputs
    touched = file.model_copy(update={"mtime": samples.WHEN.replace(year=2030)})
    assert sealed(inputs=(touched,)) == sealed()


def said(sealed: Seal, **changes: Any) -> SignOff:
    fields: dict[str, Any] = {"decision": Decision.GO, "seal": sealed.digest, "parts": sealed.parts, **changes}
    return SignOff(attempt="0" * 32, **GRACE.model_dump(), created_at=WHEN, **fields)


def test_what_changed_since_is_named_by_its_part() -> None:
    before = seal(samples.attempt(), (), BODY, policy=Policy())
    after = seal(samples.attempt(uid="1" * 32), (), "another", policy=Policy())
    assert before.changed_since(said(before)) == ()
    assert after.changed_since(said(before)) == ("the attempt's own record", "the script")


def test_a_seal_that_differs_is_never_the_same_though_no_part_says_why() -> None:
    now = seal(samples.attempt(), (), BODY, policy=Policy())
    assert now.changed_since(said(now, seal="0" * 64)) == ("something",)


def test_the_order_of_waivers_is_not_content() -> None:
    fields = {"attempt": "0" * 32, **GRACE.model_dump(), "created_at": WHEN, "verdict": "fail", "finding": "f"}
    waivers = [
        Waiver(**fields, uid=uid, check="a", reason="known", risk="a night", expires_at=WHEN) for uid in ("2", "1")
    ]
    standings = [WaiverStatus(waiver=waiver, answers=(), state=WaiverState.IN_FORCE) for waiver in waivers]

    def digest(*given: WaiverStatus) -> str:
        return seal(samples.attempt(), (), BODY, policy=Policy(), waivers=given).digest

    assert digest(*standings) == digest(*reversed(standings)) != digest(standings[0])


def test_a_comment_has_room_for_four_thousand_characters() -> None:
    now = seal(samples.attempt(), (), BODY, policy=Policy())
    assert len(said(now, comment="x" * 4000).comment) == 4000
    with pytest.raises(ValidationError):
        said(now, comment="x" * 4001)
