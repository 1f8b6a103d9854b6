from typing import Any

import pytest

from tests.checks.judging import FAIL, PASS, WARN, Healthy, judge, section

SAVED = {"model.heads": 4, "model.bias": False, "optimiser.lr": 1e-3}


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"saved": {}}, WARN, "holds no settings"),
        ({"launch": {}}, WARN, "target does not say"),
        ({"launch": SAVED | {"model.heads": 8}}, FAIL, "model.heads is 8, trained with 4"),
        ({"launch": SAVED | {"model.heads": 4.0}}, PASS, "All 2 settings"),
        ({"launch": SAVED | {"model.bias": 0}}, FAIL, "model.bias is 0, trained with False"),
        ({"launch": SAVED | {"optimiser.lr": 1.0}}, PASS, "Differs and need not agree: optimiser.lr."),
        ({"launch": SAVED | {"model.new": 1}}, WARN, "Only one of checkpoint and launch has a value for model.new"),
        ({"launch": SAVED | {"data.new": 1}}, PASS, "All 2 settings"),
        ({"launch": SAVED, "must_agree": ()}, PASS, "All 3 settings that checkpoint and launch both name are equal"),
        ({"launch": SAVED | {"model.heads": 8}, "must_agree": ()}, WARN, "of 3 that both name, 1 differ: model.heads"),
        ({"launch": {"other": 1}, "must_agree": ()}, WARN, "no setting in common"),
    ],
)
def test_settings_are_compared_one_by_one(healthy: Healthy, changes: dict[str, Any], verdict: Any, said: str) -> None:
    found = judge("checkpoint.configuration", healthy, {"saved": SAVED, **changes})
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary


def test_the_plan_adds_what_must_agree_and_takes_out_what_may_differ(healthy: Healthy) -> None:
    changes = {"saved": SAVED, "launch": SAVED | {"model.heads": 8, "optimiser.lr": 1.0}}
    stricter = section(healthy[0], "checkpoint", must_agree=("optimiser.*",), may_differ=("model.heads",))
    found = judge("checkpoint.configuration", healthy, changes, **stricter)
    assert found.verdict is FAIL
    assert "optimiser.lr" in found.summary
    assert "model.heads" not in found.summary


def test_the_table_names_what_is_wrong_then_what_only_one_says_then_what_may_differ(healthy: Healthy) -> None:
    launch = {"model.heads": 8, "model.new": 1, "model.bias": False, "optimiser.lr": 1.0}
    found = judge("checkpoint.configuration", healthy, {"saved": SAVED, "launch": launch})
    assert [(figure.name, figure.value, figure.limit) for figure in found.measurements] == [
        ("settings that must agree", 3, ""),
        ("model.heads", "8", "trained with 4"),
        ("model.new", "1", "trained with not set"),
        ("optimiser.lr", "1.0", "trained with 0.001"),
    ]


@pytest.mark.parametrize("only", ["saved", "launch"])
def test_a_setting_that_only_one_side_has_is_a_warning(healthy: Healthy, only: str) -> None:
    changes = {"saved": SAVED, "launch": SAVED, only: SAVED | {"model.depth": 6}}
    found = judge("checkpoint.configuration", healthy, changes)
    assert (found.verdict, "has a value for model.depth." in found.summary) == (WARN, True)
