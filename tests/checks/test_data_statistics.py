from typing import Any

import pytest

from aqboard.domain.evidence.data import DataFacts, Statistics
from tests import sample_launch
from tests.checks.judging import FAIL, PASS, WARN, Healthy, judge

FACTS = sample_launch.facts()
DIGEST_ONLY = FACTS.model_copy(update={"statistics": {}, "statistics_digest": "d" * 64})


def with_u(**changes: Any) -> DataFacts:
    u = FACTS.statistics["u"].model_copy(update=changes)
    return FACTS.model_copy(update={"statistics": {**FACTS.statistics, "u": u}})


def order(*names: str) -> DataFacts:
    return FACTS.model_copy(update={"variables": names})


@pytest.mark.parametrize(
    ("launch", "trained", "verdict", "said"),
    [
        (FACTS, FACTS, PASS, "3 variables, in the order and with the statistics"),
        (with_u(mean=2.8 * (1 + 1e-8)), FACTS, PASS, "3 variables"),
        (with_u(mean=2.9), FACTS, FAIL, "u by mean 2.9, std 2.1 instead of mean 2.8, std 2.1"),
        (with_u(transform="log", offset=1.0), FACTS, FAIL, "of log(x + 1)"),
        (order("v", "u", "pm25"), FACTS, FAIL, "2 of 3 variables are not in their places: v in place of u"),
        (order("u", "v"), FACTS, FAIL, "other variables than it was trained with: without pm25"),
        (order("u", "v", "pm25", "o3"), FACTS, FAIL, "with o3 besides"),
        (FACTS.model_copy(update={"statistics": {}}), FACTS, FAIL, "u by nothing instead of"),
        (FACTS.model_copy(update={"statistics_digest": "d" * 64}), DIGEST_ONLY, PASS, "3 variables"),
        (FACTS.model_copy(update={"statistics_digest": "e" * 64}), DIGEST_ONLY, FAIL, "only their digest"),
        (FACTS, DataFacts(variables=FACTS.variables), WARN, "statistics were not recorded"),
        (with_u(mean=2.8 * (1 + 1e-5)), FACTS, FAIL, "1 of 3 variables are normalised otherwise"),
        (with_u(std=2.2), FACTS, FAIL, "u by mean 2.8, std 2.2 instead of mean 2.8, std 2.1"),
        (with_u(offset=1.0), FACTS, FAIL, "1 of 3 variables"),
        (with_u(transform="log"), FACTS, FAIL, "of log(x + 0)"),
        (order("o3", "v", "pm25"), FACTS, FAIL, "without u and with o3 besides."),
        (FACTS, DIGEST_ONLY.model_copy(update={"variables": ()}), FAIL, "only their digest"),
        (FACTS, FACTS.model_copy(update={"variables": ()}), PASS, "3 variables"),
        (None, None, WARN, "target does not say"),
        (FACTS, None, WARN, "checkpoint does not say"),
        (FACTS, DataFacts(train=FACTS.train), WARN, "checkpoint does not say"),
    ],
)
def test_what_the_model_sees_is_compared(
    healthy: Healthy, launch: DataFacts | None, trained: DataFacts | None, verdict: Any, said: str
) -> None:
    found = judge("data.statistics", healthy, {"launch": launch, "trained": trained})
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary


def test_a_mean_of_zero_is_compared_on_the_scale_of_its_spread(healthy: Healthy) -> None:
    zero = FACTS.model_copy(update={"statistics": {**FACTS.statistics, "u": Statistics(mean=0.0, std=2.0)}})
    noise = FACTS.model_copy(update={"statistics": {**FACTS.statistics, "u": Statistics(mean=1e-9, std=2.0)}})
    assert judge("data.statistics", healthy, {"launch": noise, "trained": zero}).verdict is PASS


def test_a_variable_without_statistics_on_both_sides_is_the_same(healthy: Healthy) -> None:
    some = {name: one for name, one in FACTS.statistics.items() if name != "u"}
    neither = FACTS.model_copy(update={"statistics": some})
    assert judge("data.statistics", healthy, {"launch": neither, "trained": neither}).verdict is PASS
    only_now = judge("data.statistics", healthy, {"launch": FACTS, "trained": neither})
    assert (only_now.verdict, "u by mean 2.8, std 2.1 instead of nothing" in only_now.summary) == (FAIL, True)


def test_two_variables_are_told_and_the_rest_counted(healthy: Healthy) -> None:
    moved = {n: one.model_copy(update={"mean": one.mean + 1}) for n, one in FACTS.statistics.items()}
    found = judge("data.statistics", healthy, {"launch": FACTS.model_copy(update={"statistics": moved})})
    assert "3 of 3 variables" in found.summary
    assert found.summary.endswith("and 1 more.")
    unnamed = judge("data.statistics", healthy, {"trained": FACTS.model_copy(update={"variables": ()})})
    assert unnamed.measurements[0].limit == "trained with not recorded"
