"""forward.deterministic: finite, the same again, the same in other company."""

import math
from typing import Any

import pytest

from aqboard.domain.finding import Verdict
from tests.checks.judging import ERROR, FAIL, PASS, WARN, Healthy, judge

ID = "forward.deterministic"


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"values": 0}, ERROR, "nothing was compared"),
        ({"not_finite": 7}, FAIL, "7 of 6144 values of the forecast are NaN or infinite"),
        ({"repeat_differs": 3, "repeat_largest": 0.5}, FAIL, "another forecast the second time: 3 of 6144"),
        ({"alone_largest": 0.02}, FAIL, "depends on the others in its batch of 2"),
        ({"alone_largest": math.nan}, FAIL, "depends on the others"),
        ({"alone_largest": 1e-4}, PASS, "equal bit by bit when repeated"),
        ({"alone_largest": 1.1e-4}, FAIL, "depends on the others"),
        ({"alone_largest": 9e-5}, PASS, "equal bit by bit when repeated"),
        ({"alone_largest": None}, WARN, "could not be seen"),
        ({"training_mode": ("drop",)}, WARN, "leaves 1 modules in training mode: drop"),
    ],
)
def test_one_thing_changed_is_told(healthy: Healthy, changes: dict[str, Any], verdict: Verdict, said: str) -> None:
    found = judge(ID, healthy, changes)
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary
    assert found.remedy or verdict is PASS


def test_without_a_second_sample_the_table_has_no_row_for_it(healthy: Healthy) -> None:
    assert len(judge(ID, healthy, {"alone_largest": None}).measurements) == 3
