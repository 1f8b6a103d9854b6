"""How sure a mean is, and what the checks of the first loss make of that and of the baseline's limit."""

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.checks import interval as figures
from aqboard.checks.interval import interval
from aqboard.domain.attribution import Setting, Tried
from aqboard.domain.baseline import upper_limit
from aqboard.domain.evidence.loss import LossEvidence, LossMeasurement
from aqboard.guard.build import loss_band
from aqboard.show.losses import first_losses
from tests.checks.judging import FAIL, PASS, SKIP, Healthy, judge, section

LOSSES = st.floats(1e-3, 1e3)


def measured(*per_batch: float, samples: tuple[int, ...] = ()) -> LossMeasurement:
    return LossMeasurement(setting="x", per_batch=per_batch, samples=samples or (2,) * len(per_batch))


@pytest.mark.parametrize("measurements", [(0.4,), (0.4, 0.4)])
def test_too_few_measurements_are_cannot_tell(healthy: Healthy, measurements: tuple[float, ...]) -> None:
    few = section(healthy[0], "baseline", measurements=measurements)
    for check in ("loss.first", "loss.attribution"):
        found = judge(check, healthy, {}, **few)
        assert found.verdict is SKIP
        assert f"{len(measurements)} measurements of the baseline do not tell" in found.summary
        assert "at least 3 times" in found.remedy
        assert found.measurements, "what was measured is shown all the same"


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


@pytest.mark.parametrize(
    "baseline",
    [
        {"tolerance": 0.05},
        {"tolerance": 0.2},
        {"measurements": (0.350, 0.351, 0.349, 0.350)},
        {"measurements": (0.33, 0.40, 0.36)},
        {"measurements": (0.2, 0.5, 0.9)},
    ],
)
@pytest.mark.parametrize("side", [1 - 1e-6, 1 + 1e-6])
def test_all_hold_a_first_loss_against_the_same_limit(healthy: Healthy, baseline: Any, side: float) -> None:
    plan = section(healthy[0], "baseline", **{"measurements": (), **baseline})
    limit = upper_limit(plan["baseline"])
    mean = limit * side
    below = side < 1
    planned = measured(*(mean,) * 4)
    first = judge("loss.first", healthy, {"planned": planned}, **plan)
    assert (first.verdict is PASS) is below, first.summary
    setting = Setting(weights="as loaded")
    other = setting.with_value("mode", "training")
    tried = tuple(
        Tried(setting=which, per_batch=(loss,) * 4, samples=(2,) * 4)
        for which, loss in ((setting, mean), (other, limit * 0.5))
    )
    attributed = judge("loss.attribution", healthy, {"planned": setting, "reference": setting, "tried": tried}, **plan)
    assert (attributed.verdict is PASS) is below, attributed.summary
    evidence = LossEvidence(planned=planned, random_init=measured(2.0))
    assert (loss_band(healthy[0].model_copy(update=plan), evidence) is not None) is below
    assert first_losses(evidence, plan["baseline"])[0].within is below


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
