from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.checks.baseline_agrees import agree, decimals, printed_in_name
from aqboard.domain.checkpoint import BestScore
from tests.checks.judging import FAIL, PASS, WARN, Healthy, judge, section

NAME = "best-val_loss_val_loss=0.3557-step_step=311.ckpt"


def best(recorded: float | None = 0.35571, named: float | None = 0.3557, monitor: str = "val_loss") -> BestScore:
    return BestScore(monitor=monitor, best=recorded, of_this_file=recorded, in_file_name=named)


@pytest.mark.parametrize(
    ("score", "planned", "verdict", "said"),
    [
        (best(), 0.3557, PASS, "recorded score, file name and plan agree"),
        (best(), 0.356, PASS, "0.356"),
        (best(named=None), 0.35571, PASS, "the checkpoint and the plan agree"),
        (best(recorded=None), 0.355712, PASS, "the checkpoint and the plan agree"),
        (best(), 0.3558, FAIL, "plan's baseline is 0.3558; the checkpoint's own score is 0.35571"),
        (best(recorded=None), 0.42, FAIL, "the checkpoint's own score is 0.3557"),
        (best(recorded=0.41), 0.41, FAIL, "The training recorded 0.41, the file's name says 0.3557"),
        (best(monitor="train_loss"), 0.3557, WARN, "records train_loss"),
        (best(None, None), 0.3557, WARN, "the plan's baseline stands alone"),
        (None, 0.3557, WARN, "the plan's baseline stands alone"),
    ],
)
def test_three_figures_are_compared(
    healthy: Healthy, score: BestScore | None, planned: float, verdict: Any, said: str
) -> None:
    plan, evidence = healthy
    summary = evidence["checkpoint"].summary.model_copy(update={"best": score, "path": NAME})  # type: ignore[attr-defined]
    found = judge("baseline.agrees", healthy, {"summary": summary}, **section(plan, "baseline", val_loss=planned))
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary


@given(st.floats(1e-4, 1e3), st.integers(1, 8))
def test_a_number_agrees_with_its_own_rounding_and_not_with_the_next(value: float, places: int) -> None:
    printed = round(value, places)
    assert agree(value, printed, places)
    assert not agree(value, printed + 2.0 * 10**-places, places)


@pytest.mark.parametrize(
    ("text", "places"), [("0.3557", 4), ("0.3500", 4), ("3", 0), ("1e-05", 5), ("1.5e-05", 6), ("1e+3", 0), ("inf", 0)]
)
def test_decimals_as_written(text: str, places: int) -> None:
    assert decimals(text) == places


def test_trailing_zeros_of_the_name_count() -> None:
    assert printed_in_name("/a/b=1/best-val_loss=0.3500-step=3.ckpt", 0.35) == "0.3500"
    assert printed_in_name("/a/best.ckpt", None) is None
    assert printed_in_name("/a/step=311-val_loss=0.3500.ckpt", 0.35) == "0.3500", "not the first figure in the name"


@pytest.mark.parametrize(
    ("precise", "printed", "same"), [(0.25, 0.3, True), (0.24, 0.3, False), (0.35, 0.3, True), (0.36, 0.3, False)]
)
def test_half_a_digit_either_way_is_rounding(precise: float, printed: float, same: bool) -> None:
    assert agree(precise, printed, 1) == same


@pytest.mark.parametrize(
    ("recorded", "named", "figures"),
    [
        (0.35571, None, ["baseline.val_loss in the plan", "recorded by the training"]),
        (None, 0.3557, ["baseline.val_loss in the plan", "in the file's name"]),
        (None, None, ["baseline.val_loss in the plan"]),
    ],
)
def test_only_what_is_known_is_in_the_table(
    healthy: Healthy, recorded: float | None, named: float | None, figures: list[str]
) -> None:
    summary = healthy[1]["checkpoint"].summary  # type: ignore[attr-defined]
    changed = summary.model_copy(update={"best": best(recorded, named), "path": NAME})
    found = judge("baseline.agrees", healthy, {"summary": changed})
    assert [figure.name for figure in found.measurements] == figures


def test_a_name_that_prints_the_figure_otherwise_is_told_as_python_writes_it() -> None:
    assert printed_in_name("/a/val_loss0.35.ckpt", 0.35) == "0.35"
