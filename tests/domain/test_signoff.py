from typing import Any

import pytest

from aqboard.domain.finding import Verdict
from aqboard.domain.signing.policy import Policy
from aqboard.domain.signing.signoff import seal
from tests import samples

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
