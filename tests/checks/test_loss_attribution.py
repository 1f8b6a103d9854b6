"""loss.attribution: the smallest change that closes the gap is named, and nothing is claimed where none does."""

from typing import Any

import pytest

from aqboard.domain.attribution import Factor, Setting, Tried
from aqboard.domain.evidence.loss import RefusedSetting
from tests import sample_measured
from tests.checks.judging import ERROR, FAIL, PASS, SKIP, WARN, Healthy, judge
from tests.sample_measured import PLANNED, tried

ID = "loss.attribution"
BAD = PLANNED.with_value("layout", "compat")


def settings(planned: Setting, *rows: Tried, reference: Setting = PLANNED) -> dict[str, Any]:
    return {"planned": planned, "reference": reference, "tried": rows}


def test_without_a_gap_the_dearest_mistakes_are_told(healthy: Healthy) -> None:
    found = judge(ID, healthy)
    assert found.verdict is PASS
    assert "weights random x9.0, scan layout compat x2.7, mode training x1.3" in found.summary
    row = next(figure for figure in found.measurements if "layout" in figure.name)
    assert row.value == pytest.approx(0.964 / 0.3561, abs=1e-3), "ratios are taken on the batches that both share"
    assert row.limit == "0.9254 on 4 samples"


def test_one_factor_that_explains_the_gap_is_named(healthy: Healthy) -> None:
    found = judge(ID, healthy, settings(BAD, tried(BAD, 0.964), tried(PLANNED, 0.3561)))
    assert found.verdict is FAIL
    assert "0.9640 is 2.7 times the baseline" in found.summary
    assert found.summary.endswith("Explained by scan layout (corrected instead of compat): with that, 0.3561.")
    assert found.remedy == "Set scan.layout to corrected."


def test_two_factors_are_named_where_one_is_not_enough(healthy: Healthy) -> None:
    evidence = sample_measured.as_found()[0]
    found = judge(ID, healthy, dict(evidence))
    assert found.verdict is FAIL
    assert "weights (keys mapped instead of as loaded) and scan layout (corrected" in found.summary
    assert "Load every tensor into its place" in found.remedy


def test_changes_that_the_loss_cannot_tell_apart_are_all_named(healthy: Healthy) -> None:
    rows = BAD.with_value("rule", "none").model_copy(update={"cache": "", "layout": ""})
    found = judge(ID, healthy, settings(BAD, tried(BAD, 0.964), tried(PLANNED, 0.36), tried(rows, 0.34)))
    assert "Explained by scan layout" in found.summary, "the training's own setting comes first"
    assert "cannot tell this from scan rule (none instead of strip-sector)" in found.summary


def test_an_unexplained_gap_is_said_to_be_unexplained(healthy: Healthy) -> None:
    found = judge(ID, healthy, settings(BAD, tried(BAD, 0.964), tried(PLANNED, 0.8)))
    assert found.verdict is WARN
    assert "none of 2 settings explains it; the best gives 0.8000 (scan layout (corrected" in found.summary
    assert "Something else differs" in found.remedy


def test_random_weights_explain_nothing(healthy: Healthy) -> None:
    rows = settings(BAD, tried(BAD, 3.2), tried(BAD.with_value("weights", "random"), 0.2))
    assert judge(ID, healthy, rows).verdict is WARN


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [(0.3557 * 1.0009, PASS), (0.3557 * 1.01, WARN), (0.3557 * 1.049, WARN), (0.3557 * 1.06, FAIL)],
)
def test_a_gap_of_less_than_five_per_cent_is_not_explained(healthy: Healthy, mean: float, verdict: object) -> None:
    strict = healthy[0].baseline.model_copy(update={"tolerance": 0.001})
    rows = settings(BAD, tried(BAD, mean), tried(PLANNED, 0.3557 * 0.999))
    found = judge(ID, healthy, rows, baseline=strict)
    assert found.verdict is verdict
    assert (found.verdict is not WARN) or "no setting is named" in found.summary


def test_nothing_to_compare_is_no_pass(healthy: Healthy) -> None:
    assert judge(ID, healthy, settings(BAD)).verdict is ERROR
    assert judge(ID, healthy, settings(BAD, tried(BAD, 0.3))).verdict is SKIP


@pytest.mark.parametrize(
    ("factor", "value", "remedy"),
    [
        ("cache", "old.pkl", "Set scan.cache to old.pkl."),
        ("rule", "block-sector", "Set scan.rule to block-sector."),
        ("new_parameters", "neutral", "Start the new parameters at"),
        ("precision", "bfloat16", "The baseline's loss was measured in bfloat16"),
    ],
)
def test_each_factor_has_its_remedy(healthy: Healthy, factor: Factor, value: str, remedy: str) -> None:
    planned = PLANNED.with_value("new_parameters", "as configured")
    good = planned.with_value(factor, value)
    found = judge(ID, healthy, settings(planned, tried(planned, 0.9), tried(good, 0.35), reference=good))
    assert (found.verdict, found.remedy.startswith(remedy)) == (FAIL, True), found.remedy


def test_what_could_not_be_measured_is_in_the_table(healthy: Healthy) -> None:
    refused = RefusedSetting(setting=PLANNED.with_value("precision", "bfloat16"), error="RuntimeError: no bf16 here")
    figures = judge(ID, healthy, {"refused": (refused,)}).measurements
    assert (figures[-1].value, figures[-1].limit) == ("not measured", "RuntimeError: no bf16 here")


def test_the_table_holds_the_plan_what_explains_it_and_the_training_beside_it(healthy: Healthy) -> None:
    seen = settings(BAD, tried(BAD, 0.964), tried(PLANNED, 0.3561), tried(PLANNED.with_value("mode", "training"), 0.46))
    names = [figure.name for figure in judge(ID, healthy, seen).measurements]
    assert names == [
        "as planned",
        "with scan layout (corrected instead of compat)",
        "as planned, but scan layout corrected",
        "as trained",
        "as trained, but scan layout compat",
        "as trained, but mode training",
    ]


def test_a_long_error_is_cut_to_two_hundred_characters(healthy: Healthy) -> None:
    refused = RefusedSetting(setting=PLANNED.with_value("precision", "bfloat16"), error="x" * 201)
    assert judge(ID, healthy, {"refused": (refused,)}).measurements[-1].limit == "x" * 200


@pytest.mark.parametrize(("mean", "told"), [(0.3561 * 1.04, False), (0.3561 * 1.06, True)])
def test_a_mistake_that_costs_less_than_noise_is_not_told(healthy: Healthy, mean: float, told: bool) -> None:
    seen = settings(PLANNED, tried(PLANNED, 0.3561), tried(PLANNED.with_value("mode", "training"), mean))
    found = judge(ID, healthy, seen)
    assert (found.verdict, "What would cost most: mode training x1.1." in found.summary) == (PASS, told)
    assert ("What would cost most" in found.summary) == told


def test_a_loss_at_the_limit_is_no_gap(healthy: Healthy) -> None:
    baseline = healthy[0].baseline.model_copy(update={"val_loss": 0.5, "tolerance": 1.0})
    at = settings(BAD, tried(BAD, 1.0).model_copy(update={"per_batch": (1.0,) * 4}), tried(PLANNED, 0.4))
    assert judge(ID, healthy, at, baseline=baseline).verdict is PASS
    lower = healthy[0].baseline.model_copy(update={"val_loss": 0.49, "tolerance": 1.0})
    found = judge(ID, healthy, at, baseline=lower)
    assert (found.verdict, "1.0000 is 2.0 times the baseline" in found.summary) == (FAIL, True)


def test_where_nothing_helps_the_plan_may_be_the_best_of_what_was_tried(healthy: Healthy) -> None:
    found = judge(ID, healthy, settings(BAD, tried(BAD, 0.964), tried(PLANNED, 1.2)))
    assert "the best gives 0.9640 (as planned)" in found.summary
