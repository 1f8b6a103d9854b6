"""train.one_step: whatever keeps a parameter from learning, or the loss from the baseline's, is named."""

import math
from typing import Any

import pytest

from aqboard.domain.finding import Verdict
from tests.checks.judging import ERROR, FAIL, PASS, WARN, Healthy, judge, section

ID = "train.one_step"


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"parameters": 0}, ERROR, "nothing was trained"),
        ({"failed_at": "backward", "error": "RuntimeError: x"}, FAIL, "fails in its backward part: RuntimeError: x"),
        ({"loss": math.nan}, FAIL, "not a number"),
        ({"loss": None}, FAIL, "not a number"),
        ({"not_finite": ("a.weight",)}, FAIL, "NaN or infinite values: a.weight"),
        ({"loss_after": math.inf}, FAIL, "After one step"),
        ({"frozen": ("a.weight",)}, FAIL, "1 parameters are frozen that should train: a.weight"),
        ({"without_gradient": ("b",)}, FAIL, "get no gradient: b"),
        ({"not_optimised": ("b",)}, FAIL, "no optimizer holds them: b"),
        ({"frozen_moved": ("b",)}, FAIL, "moves frozen parameters: b"),
        ({"unmoved": ("b",)}, FAIL, "leaves 1 parameters as they were: b"),
        ({"unmoved": ("b",), "learning_rates": (0.0,)}, PASS, "got a finite gradient"),
        ({"loss": 3.85}, FAIL, "3.8500, more than 2 times the baseline's (limit 1.2200)"),
        ({"zero_gradient": ("b",)}, WARN, "zero throughout: b"),
        ({"loss": 1.22}, PASS, "Loss 1.2200"),
        ({"loss": 1.2201}, FAIL, "more than 2 times the baseline's (limit 1.2200)"),
        ({"loss_after": None}, PASS, "Loss 0.4200"),
        ({"frozen_moved": ("b",), "frozen": ()}, FAIL, "moves frozen parameters"),
        ({"unmoved": ("b",), "learning_rates": (0.0, 1e-3)}, FAIL, "leaves 1 parameters"),
        ({"unmoved": ("b",), "learning_rates": ()}, PASS, "got a finite gradient"),
        ({"own_step": False}, WARN, "the optimizer was not tried"),
        ({"baseline_train_loss": None}, PASS, "Loss 0.4200 on 2 samples (training data of 2018)"),
    ],
)
def test_one_thing_changed_is_told(healthy: Healthy, changes: dict[str, Any], verdict: Verdict, said: str) -> None:
    found = judge(ID, healthy, changes)
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary
    assert found.remedy or verdict is PASS


def test_the_nearer_of_both_baseline_losses_is_not_the_limit_but_the_larger(healthy: Healthy) -> None:
    assert judge(ID, healthy, {"loss": 1.2}).verdict is PASS, "twice the baseline's training loss of 0.61"
    assert judge(ID, healthy, {"loss": 1.2, "baseline_train_loss": None}).verdict is FAIL


def test_frozen_parameters_are_declared_by_the_plan(healthy: Healthy) -> None:
    declared = section(healthy[0], "training", frozen=("climax.*",))
    found = judge(ID, healthy, {"frozen": ("climax.a", "climax.b")}, **declared)
    assert (found.verdict, "12 of 14 parameters" in found.summary) == (PASS, True)
    found = judge(ID, healthy, **declared)
    assert (found.verdict, "declares climax.* as frozen, and no parameter by that name is" in found.summary) == (
        FAIL,
        True,
    )


def test_only_what_was_measured_is_in_the_table(healthy: Healthy) -> None:
    names = [figure.name for figure in judge(ID, healthy, {"loss_after": None, "gradient_norm": None}).measurements]
    assert names == ["first training loss", "baseline's training loss", "frozen parameters"]


def test_every_pattern_of_the_plan_must_freeze_something(healthy: Healthy) -> None:
    declared = section(healthy[0], "training", frozen=("climax.*", "head.*"))
    found = judge(ID, healthy, {"frozen": ("climax.a",)}, **declared)
    assert (found.verdict, "declares head.* as frozen" in found.summary) == (FAIL, True)
    found = judge(ID, healthy, {"frozen": ("climax.a", "head.b", "neck.c")}, **declared)
    assert (found.verdict, "1 parameters are frozen that should train: neck.c" in found.summary) == (FAIL, True)


def test_patterns_that_freeze_nothing_are_told_in_order(healthy: Healthy) -> None:
    declared = section(healthy[0], "training", frozen=tuple(f"{letter}.*" for letter in "zayx"))
    assert "declares a.*, x.*, y.* and 1 more as frozen" in judge(ID, healthy, **declared).summary


def test_each_fault_has_its_own_remedy(healthy: Healthy) -> None:
    assert "the training would stop there" in judge(ID, healthy, {"failed_at": "backward", "error": "x"}).remedy
    assert "is their branch used?" in judge(ID, healthy, {"without_gradient": ("b",)}).remedy
