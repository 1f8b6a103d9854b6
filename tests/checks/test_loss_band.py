"""How wide the band is, how sure the mean is, and what loss.first makes of both."""

import math
import random
from statistics import NormalDist, fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.checks import band as figures
from aqboard.checks.band import T_95, T_95_MANY, band, interval
from aqboard.checks.loss_first import upper_limit
from aqboard.domain.evidence import LossMeasurement
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


@pytest.mark.parametrize(("batches", "draws"), [(2, 2000), (200, 2000), (400, 1000), (4000, 400)])
def test_an_interval_over_many_batches_costs_no_more_draws_than_it_needs(
    monkeypatch: pytest.MonkeyPatch, batches: int, draws: int
) -> None:
    drawn = []

    class Counting(random.Random):
        def choices(self, population: Any, *rest: Any, k: int = 1, **others: Any) -> list[Any]:
            drawn.append(k)
            return [population[0]] * k

    monkeypatch.setattr(figures.random, "Random", Counting)
    interval(measured(*(1.0 + i for i in range(batches))))
    assert drawn == [batches] * draws


def test_the_interval_is_that_of_the_normal_distribution_for_many_equal_batches() -> None:
    found = interval(measured(*(0.3, 0.5) * 50))
    assert found is not None
    expected = 1.96 * 0.1 / math.sqrt(100)  # their standard deviation is 0.1
    assert found.high - 0.4 == pytest.approx(expected, rel=0.1)
    assert 0.4 - found.low == pytest.approx(expected, rel=0.1)


def test_another_seed_draws_otherwise() -> None:
    batches = measured(*(0.3 + 0.013 * i for i in range(30)))
    assert interval(batches) == interval(batches, seed=0) != interval(batches, seed=1)


@pytest.mark.parametrize(
    ("first", "random_init", "said"), [(0.81, 1.0, True), (0.79, 1.0, False), (1.61, 2.0, True), (1.59, 2.0, False)]
)
def test_a_loss_near_that_of_random_weights_says_so(
    healthy: Healthy, first: float, random_init: float, said: bool
) -> None:
    changes = {"planned": measured(first, first), "random_init": measured(random_init)}
    assert ("Random weights give as much" in judge("loss.first", healthy, changes).summary) == said


@pytest.mark.parametrize(("mean", "said"), [(0.3, "within the limit"), (0.9, "still above the limit")])
def test_the_side_measurements_say_what_would_help(healthy: Healthy, mean: float, said: str) -> None:
    changes = {"planned": measured(0.9, 0.9), "mended": measured(0.8), "as_trained": measured(mean)}
    found = judge("loss.first", healthy, changes)
    assert (
        f"With the checkpoint's keys mapped: 0.8000. With the scan set as in the training, too: {mean:.4f}, {said}"
        in (found.summary)
    )
    names = [figure.name for figure in found.measurements]
    assert names[3:5] == ["with the keys mapped", "keys mapped, scan as trained"]


def test_without_a_limit_the_figures_are_told_all_the_same(healthy: Healthy) -> None:
    few = section(healthy[0], "baseline", measurements=(0.4,))
    figures = judge("loss.first", healthy, {}, **few).measurements
    assert (figures[0].name, figures[0].limit) == ("first val_loss, as planned", "no limit: too few measurements")


def test_a_loss_at_the_limit_is_within_it(healthy: Healthy) -> None:
    twice = section(healthy[0], "baseline", val_loss=0.5, tolerance=1.0)
    assert judge("loss.first", healthy, {"planned": measured(1.0, 1.0)}, **twice).verdict is PASS
    above = {"planned": measured(1.2, 1.2), "as_trained": measured(1.0)}
    found = judge("loss.first", healthy, above, **twice)
    assert (found.verdict, "too: 1.0000, within the limit." in found.summary) == (FAIL, True)


def test_one_batch_tells_nothing_of_others(healthy: Healthy) -> None:
    found = judge("loss.first", healthy, {"planned": measured(0.9)})
    assert (found.verdict, "use more of them" in found.summary) == (FAIL, False)
