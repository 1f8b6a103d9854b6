"""How wide the baseline's band is, and that everything which holds a first loss against it uses the same limit."""

import math
from statistics import NormalDist, fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.baseline import T_95, T_95_MANY, band, drawn_band, upper_limit
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


def student(t: float, degrees: int) -> float:
    """Probability that Student's t is below `t`, by the trapezoidal rule over its density."""
    factor = math.gamma((degrees + 1) / 2) / (math.sqrt(degrees * math.pi) * math.gamma(degrees / 2))
    steps = 4000
    density = [factor * (1 + (t * i / steps) ** 2 / degrees) ** (-(degrees + 1) / 2) for i in range(steps + 1)]
    return 0.5 + t / steps * (sum(density) - (density[0] + density[-1]) / 2)


@pytest.mark.parametrize(("degrees", "quantile"), list(enumerate(T_95, 1)))
def test_the_table_holds_students_quantiles_to_three_digits(degrees: int, quantile: float) -> None:
    assert student(quantile - 6e-4, degrees) < 0.95 < student(quantile + 6e-4, degrees)


def test_many_measurements_are_as_good_as_normal() -> None:
    assert len(T_95) == 20
    assert pytest.approx(NormalDist().inv_cdf(0.95), abs=5e-4) == T_95_MANY


@pytest.mark.parametrize(("count", "t"), [(3, 2.920), (4, 2.353), (21, 1.725), (22, 1.645), (23, 1.645)])
def test_the_limit_of_repeated_measurements(count: int, t: float) -> None:
    """One more measurement of the same baseline lies below it with 95 % probability."""
    values = [0.3 + 0.01 * (i % 3) for i in range(count)]
    found = band(BaselinePlan(val_loss=1.0, measurements=tuple(values)))
    assert found is not None
    assert found.limit == pytest.approx(fmean(values) + t * stdev(values) * math.sqrt(1 + 1 / count))


@pytest.mark.parametrize(("measurements", "limit"), [((), 0.42), ((0.4, 0.4), 0.42), ((0.4, 0.4, 0.4), 0.4 * 1.001)])
def test_a_limit_is_drawn_even_where_too_few_measurements_tell_it(
    measurements: tuple[float, ...], limit: float
) -> None:
    baseline = BaselinePlan(val_loss=0.4, tolerance=0.05, measurements=measurements)
    assert upper_limit(baseline) == pytest.approx(limit)


@given(st.lists(LOSSES, min_size=3, max_size=40))
def test_a_calibrated_limit_lies_above_the_mean_by_the_spread(values: list[float]) -> None:
    found = band(BaselinePlan(val_loss=1.0, measurements=tuple(values)))
    assert found is not None
    mean = fmean(values)
    assert found.limit >= mean + max(1.645 * stdev(values), 1e-3 * mean) * (1 - 1e-9)


@given(LOSSES, st.integers(3, 10))
def test_equal_measurements_leave_room_for_precision(value: float, count: int) -> None:
    found = band(BaselinePlan(val_loss=1.0, measurements=(value,) * count))
    assert found is not None
    assert found.limit == pytest.approx(value * 1.001)


@pytest.mark.parametrize("measurements", [(0.4,), (0.4, 0.4)])
def test_too_few_measurements_give_no_limit_but_something_to_draw(measurements: tuple[float, ...]) -> None:
    plan = BaselinePlan(val_loss=0.4, tolerance=0.1, measurements=measurements)
    assert band(plan) is None
    assert drawn_band(plan).limit == upper_limit(plan) == pytest.approx(0.44)
