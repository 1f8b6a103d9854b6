"""Any change of any single field of anything that is sealed changes the seal."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aqboard.domain.attempt import Attempt
from aqboard.domain.finding import Finding, Measurement, Verdict
from aqboard.domain.plan.policy import ApprovalRule, Policy
from aqboard.domain.signing.signoff import seal
from aqboard.domain.signing.waiver import Answer, Waiver, WaiverState, WaiverStatus, finding_digest
from tests import samples
from tests.signing_samples import ADA, GRACE, WHEN

FINDINGS = (
    samples.finding("a", measurements=[Measurement(name="loss", value=0.3561, unit="MSE", limit="<= 0.37")]),
    samples.finding("b", Verdict.FAIL, remedy="mend it", detail="trace"),
)
WAIVER = Waiver(
    attempt="0" * 32,
    **ADA.model_dump(),
    created_at=WHEN,
    check="b",
    verdict="fail",
    finding=finding_digest("b", FINDINGS[1]),
    reason="known",
    risk="a night",
    expires_at=WHEN + timedelta(days=7),
)
ANSWER = Answer(attempt="0" * 32, **GRACE.model_dump(), created_at=WHEN, waiver=WAIVER.uid, answer="confirmed")
SEALED: dict[str, Any] = json.loads(
    json.dumps(
        {
            "attempt": samples.attempt(checks=("a", "b"), left_out=("b",)).model_dump(mode="json"),
            "findings": [finding.model_dump(mode="json") for finding in FINDINGS],
            "waiver": WaiverStatus(waiver=WAIVER, answers=(ANSWER,), state=WaiverState.IN_FORCE).model_dump(
                mode="json"
            ),
            "policy": Policy(approvals=(ApprovalRule(role="lead"),), people={"Ada": ("lead",)}).model_dump(mode="json"),
            "script": "#!/bin/bash\nsrun python train.py\n",
        }
    )
)
Keys = tuple[str | int, ...]


def leaves(value: Any, path: Keys = ()) -> Iterator[Keys]:
    """Every path to a value that holds no others."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if children is None or not value:
        yield path
        return
    for key, child in children:
        yield from leaves(child, (*path, key))


LEAVES = [path for path in leaves(SEALED) if path[-1] != "mtime" and path != ("waiver", "state")]


def sealed(document: dict[str, Any]) -> str:
    """The seal of the records as the document describes them, whether or not they would pass validation."""
    return seal(
        _built(Attempt, document["attempt"]),
        [_built(Finding, finding) for finding in document["findings"]],
        document["script"],
        policy=_built(Policy, document["policy"]),
        waivers=[_built(WaiverStatus, document["waiver"])],
    ).digest


class _Dumped:
    """A record whose dump is given: even one that validation would refuse must not keep the seal."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.state = document.get("state")

    def model_dump(self, *, mode: str, exclude: dict[str, Any] | None = None) -> dict[str, Any]:
        assert mode == "json"
        whole: dict[str, Any] = json.loads(json.dumps(self._document))
        if exclude:
            assert exclude == {"inputs": {"__all__": {"mtime"}}}
            for file in whole["inputs"]:
                del file["mtime"]
        return whole


def _built(kind: type, document: dict[str, Any]) -> Any:
    standing = _Dumped(document)
    if kind is WaiverStatus:
        standing.state = WaiverState(document["state"])
    return standing


def changed(path: Keys, value: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(SEALED))
    inner: Any = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document


def test_the_documents_give_the_seal_of_the_records() -> None:
    standing = WaiverStatus(waiver=WAIVER, answers=(ANSWER,), state=WaiverState.IN_FORCE)
    policy = Policy(approvals=(ApprovalRule(role="lead"),), people={"Ada": ("lead",)})
    attempt = samples.attempt(checks=("a", "b"), left_out=("b",))
    assert seal(attempt, FINDINGS, SEALED["script"], policy=policy, waivers=[standing]).digest == sealed(SEALED)
    assert len(LEAVES) > 120


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)


@settings(max_examples=300)
@given(st.sampled_from(LEAVES), values)
def test_any_change_of_any_single_field_changes_the_seal(path: Keys, value: Any) -> None:
    document = changed(path, value)
    same = json.dumps(document, sort_keys=True) == json.dumps(SEALED, sort_keys=True)
    assert (sealed(document) == sealed(SEALED)) == same


@given(st.text(), st.text())
def test_texts_of_different_parts_are_never_confused(one: str, other: str) -> None:
    a = changed(("script",), one) | {"policy": {"x": other}}
    b = changed(("script",), other) | {"policy": {"x": one}}
    assert (sealed(a) == sealed(b)) == (one == other)


def test_a_waiver_that_is_not_in_force_is_not_part_of_it() -> None:
    assert sealed(changed(("waiver", "state"), "proposed")) != sealed(SEALED)
    proposed = changed(("waiver", "state"), "proposed")
    expired = changed(("waiver", "state"), "expired")
    assert sealed(proposed) == sealed(expired)


def test_a_file_name_that_is_not_utf8_can_be_sealed() -> None:
    assert len(sealed(changed(("attempt", "plan", "checkpoint", "path"), "/data/\udcff.ckpt"))) == 64
