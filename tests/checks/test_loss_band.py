"""How wide the band is, how sure the mean is, and what loss.first makes of both."""

from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.checks.band import FLOOR, band, interval
from aqboard.domain.evidence.loss import LossMeasurement
from aqboard.domain.plan import BaselinePlan
from tests.checks.judging import FAIL, PASS, SKIP, Healthy, judge, section

LOSSES = st.floats(1e-3, 1e3)


def measured(*per_batch: float, samples: tuple[int, ...] = ()) -> LossMeasurement:
    return LossMeasurement(setting="x", per_batch=per_batch, samples=samples or (2,) * len(per_batch))


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
def test_too_few_measurements_are_cannot_tell(healthy: Healthy, measurements: tuple[float, ...]) -> None:
    assert band(BaselinePlan(val_loss=0.4, measurements=measurements)) is None
    few = section(healthy[0], "baseline", measurements=measurements)
    found = judge("loss.first", healthy, {}, **few)
    assert found.verdict is SKIP
    assert f"{len(measurements)} measurements of the baseline do not tell" in found.summary
    assert "at least 3 times" in found.remedy


@pytest.mark.parametrize(
    ("measurements", "verdict"),
    [((0.355, 0.356, 0.357), PASS), ((0.30, 0.301, 0.302), FAIL), ((0.2, 0.35, 0.4), PASS)],
)
def test_the_verdict_follows_the_spread(healthy: Healthy, measurements: tuple[float, ...], verdict: Any) -> None:
    found = judge("loss.first", healthy, {}, **section(healthy[0], "baseline", measurements=measurements))
    assert found.verdict is verdict, found.summary
    (limit,) = (figure for figure in found.measurements if figure.name == "limit")
    assert "3 measurements of the baseline" in limit.limit


@given(st.lists(LOSSES, min_size=2, max_size=12))
def test_the_interval_lies_within_the_batches_and_is_the_same_each_time(values: list[float]) -> None:
    found = interval(measured(*values))
    assert found is not None
    assert min(values) * (1 - 1e-9) <= found.low <= found.high <= max(values) * (1 + 1e-9)
    assert found == interval(measured(*values))


def test_the_interval_narrows_with_more_batches_and_weighs_samples() -> None:
    assert interval(measured(0.4)) is None
    few, many = interval(measured(*(0.3, 0.5) * 2)), interval(measured(*(0.3, 0.5) * 32))
    assert few is not None
    assert many is not None
    assert few.low < many.low < 0.4 < many.high < few.high
    tilted = interval(measured(0.3, 0.5, samples=(1000, 1)))
    assert tilted is not None
    assert tilted.low == pytest.approx(0.3)


def test_a_failure_that_other_batches_might_not_show_says_so(healthy: Healthy) -> None:
    near = judge("loss.first", healthy, {"planned": measured(0.30, 0.46)})
    assert (near.verdict, "use more of them" in near.summary) == (FAIL, True)
    far = judge("loss.first", healthy, {"planned": measured(0.95, 0.97)})
    assert (far.verdict, "use more of them" in far.summary) == (FAIL, False)
    (shown,) = (figure for figure in far.measurements if figure.name == "95 % interval over batches")
    assert shown.value == "0.9500 to 0.9700"
