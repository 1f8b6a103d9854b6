"""The pure part of loss attribution: what explains a gap, told from losses alone."""

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.attribution import FACTORS, Factor, Setting, Tried, best_step, explain, find, neighbours

PLANNED = Setting(weights="as loaded", cache="a.pkl", rule="strip-sector", layout="compat", new_parameters="neutral")
OTHER: dict[Factor, str] = {
    "weights": "keys mapped",
    "cache": "b.pkl",
    "rule": "block-sector",
    "layout": "corrected",
    "new_parameters": "as configured",
    "mode": "training",
    "precision": "bfloat16",
}


def tried(setting: Setting, *losses: float) -> Tried:
    return Tried(setting=setting, per_batch=losses, samples=(2,) * len(losses))


def changed(*factors: Factor) -> Setting:
    setting = PLANNED
    for factor in factors:
        setting = setting.with_value(factor, OTHER[factor])
    return setting


@given(st.sets(st.sampled_from(FACTORS)))
def test_settings_differ_in_what_was_changed(factors: set[Factor]) -> None:
    other = changed(*factors)
    assert set(other.differs_from(PLANNED)) == set(PLANNED.differs_from(other)) == factors


def test_what_does_not_apply_does_not_differ() -> None:
    rows = PLANNED.model_copy(update={"rule": "none", "cache": "", "layout": ""})
    assert rows.differs_from(PLANNED) == ("rule",)


@given(st.lists(st.floats(0.01, 10), min_size=4, max_size=4), st.floats(0.1, 10), st.integers(1, 4))
def test_a_ratio_needs_only_the_shared_batches(losses: list[float], factor: float, batches: int) -> None:
    """Where one setting is a constant times the other on every batch, any first few batches tell the constant."""
    planned = tried(PLANNED, *losses)
    row = tried(changed("layout"), *(factor * loss for loss in losses[:batches]))
    assert row.ratio_to(planned) == pytest.approx(factor)
    assert row.estimate(planned) == pytest.approx(factor * planned.mean)


def test_a_row_measured_on_all_batches_is_not_estimated() -> None:
    assert tried(changed("mode"), 1.0, 3.0).estimate(tried(PLANNED, 8.0, 8.0)) == 2.0
    assert isnan(tried(changed("mode"), 1.0).ratio_to(tried(PLANNED, 0.0)))


@given(
    st.sets(st.sampled_from(FACTORS), min_size=1, max_size=2),
    st.lists(st.tuples(st.sampled_from(FACTORS), st.floats(0.51, 5)), max_size=5),
)
def test_the_planted_factors_are_the_explanation(factors: set[Factor], noise: list[tuple[Factor, float]]) -> None:
    """Whatever else was tried and stayed above the limit, the change that closes the gap is the one named."""
    planned = tried(PLANNED, 1.0, 1.0)
    rows = [planned, *(tried(changed(factor), loss) for factor, loss in noise), tried(changed(*factors), 0.4, 0.4)]
    found = explain(planned, rows, changed(*factors), limit=0.5)
    assert found is not None
    assert set(found.factors) == factors
    assert (found.loss, found.others) == (0.4, ())


def test_without_a_gap_there_is_nothing_to_explain() -> None:
    planned = tried(PLANNED, 0.5)
    assert explain(planned, [planned, tried(changed("layout"), 0.1)], PLANNED, limit=0.5) is None


def test_three_factors_explain_nothing_and_neither_do_random_weights() -> None:
    planned = tried(PLANNED, 1.0)
    rows = [
        planned,
        tried(changed("weights", "cache", "layout"), 0.1),
        tried(PLANNED.with_value("weights", "random"), 0.1),
    ]
    assert explain(planned, rows, PLANNED, limit=0.5) is None


def test_fewer_factors_win_then_the_training_then_the_lower_loss() -> None:
    planned = tried(PLANNED, 1.0)
    one, other, pair = tried(changed("cache"), 0.3), tried(changed("rule"), 0.2), tried(changed("cache", "layout"), 0.1)
    found = explain(planned, [planned, pair, one, other], changed("cache", "layout"), limit=0.5)
    assert found is not None
    assert (found.row, found.others) == (one, (other,)), "nearer to the training, though the other's loss is lower"
    found = explain(planned, [planned, pair, one, other], PLANNED, limit=0.5)
    assert found is not None
    assert found.row == other


def test_a_loss_that_is_no_number_explains_nothing() -> None:
    planned, broken = tried(PLANNED, 1.0), tried(changed("precision"), float("nan"))
    assert explain(planned, [planned, broken], PLANNED, limit=0.5) is None
    assert best_step(planned, [planned, broken]) is None


def test_the_best_single_step_is_lower_by_more_than_noise() -> None:
    planned = tried(PLANNED, 1.0, 4.0)
    barely, clearly = tried(changed("cache"), 0.96, 3.9), tried(changed("layout"), 0.7)
    assert best_step(planned, [planned, barely]) is None
    assert best_step(planned, [planned, barely, clearly, tried(changed("cache", "layout"), 0.1)]) == clearly
    assert best_step(planned, [tried(PLANNED.with_value("weights", "random"), 0.1)]) is None


def test_neighbours_stand_in_reading_order_and_find_knows_settings() -> None:
    planned = tried(PLANNED, 1.0)
    rows = [
        tried(changed("precision"), 1.1),
        planned,
        tried(changed("cache", "rule"), 3.0),
        tried(changed("rule"), 2.0),
    ]
    assert [(factor, ratio) for factor, _, ratio in neighbours(rows, planned)] == [("rule", 2.0), ("precision", 1.1)]
    assert find(rows, changed("rule")) is rows[3]
    assert find(rows, changed("mode")) is None
