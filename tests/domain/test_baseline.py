"""How wide the baseline's band is, and that everything which holds a first loss against it uses the same limit."""

from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.baseline import FLOOR, band, drawn_band, upper_limit
from aqboard.domain.plan import BaselinePlan

LOSSES = st.floats(1e-3, 1e3)


def test_the_band_is_the_plans_tolerance_unless_the_baseline_was_measured_again() -> None:
    by_plan = band(BaselinePlan(val_loss=0.4, tolerance=0.1))
    assert by_plan is not None
    assert by_plan.limit == pytest.approx(0.44)
    measurements = (0.40, 0.41, 0.42)
    by_spread = band(BaselinePlan(val_loss=0.4, tolerance=0.1, measurements=measurements))
    assert by_spread is not None
    assert by_spread.baseline == pytest.approx(0.41)
    assert by_spread.limit == pytest.approx(0.41 + 2.920 * 0.01 * (4 / 3) ** 0.5)  # t of 2 degrees of freedom


@given(st.lists(LOSSES, min_size=3, max_size=40))
def test_a_calibrated_limit_lies_above_the_mean_by_the_spread(values: list[float]) -> None:
    found = band(BaselinePlan(val_loss=1.0, measurements=tuple(values)))
    assert found is not None
    mean = fmean(values)
    assert found.limit >= mean + max(1.645 * stdev(values), FLOOR * mean) * (1 - 1e-9)


@given(LOSSES, st.integers(3, 10))
def test_equal_measurements_leave_room_for_precision(value: float, count: int) -> None:
    found = band(BaselinePlan(val_loss=1.0, measurements=(value,) * count))
    assert found is not None
    assert found.limit == pytest.approx(value * (1 + FLOOR))


@pytest.mark.parametrize("measurements", [(0.4,), (0.4, 0.4)])
def test_too_few_measurements_give_no_limit_but_something_to_draw(measurements: tuple[float, ...]) -> None:
    plan = BaselinePlan(val_loss=0.4, tolerance=0.1, measurements=measurements)
    assert band(plan) is None
    assert drawn_band(plan).limit == upper_limit(plan) == pytest.approx(0.44)
