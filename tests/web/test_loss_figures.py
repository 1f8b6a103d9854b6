import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.evidence import CurvePoint, LossEvidence, LossMeasurement
from aqboard.domain.plan import BaselinePlan
from aqboard.web.figures.losses import MOST_POINTS, candidate_figure, curve, loss_figure, thinned
from aqboard.web.figures.style import safe
from aqboard.web.tables.losses import candidate_losses, first_losses

BASELINE = BaselinePlan(val_loss=0.4, tolerance=0.05)


def measured(setting: str, *per_batch: float) -> LossMeasurement:
    return LossMeasurement(setting=setting, per_batch=per_batch, samples=(2,) * len(per_batch))


EVIDENCE = LossEvidence(
    planned=measured("as planned", 0.9, 1.1),
    random_init=measured("random initialisation", 3.0, 3.0),
    mended=measured("keys mapped", 0.4),
    candidates=(measured("<b>a</b>.pkl", 0.4, 0.6), measured("b.pkl", 0.41, 0.43)),
)


@given(st.lists(st.floats(allow_nan=True), max_size=400), st.integers(10, 60))
def test_thinning_keeps_both_ends_and_the_extremes(values, most):
    keep = thinned(values, most)
    assert keep == sorted(set(keep)) and len(keep) <= max(most, 0)
    if len(values) <= most:
        assert keep == list(range(len(values)))
        return
    assert keep[0] == 0 and keep[-1] == len(values) - 1
    kept, finite = [values[i] for i in keep], [value for value in values if math.isfinite(value)]
    if len(finite) == len(values):
        assert (min(kept), max(kept)) == (min(values), max(values))
    else:
        assert not all(map(math.isfinite, kept)), "a curve that blew up must still show it"


def test_a_long_curve_is_thinned_and_keeps_its_spike():
    points = [CurvePoint(step=i, train_loss=99.0 if i == 54_321 else 1.0) for i in range(100_000)]
    steps, values = curve(points, "train_loss")
    assert len(steps) <= MOST_POINTS
    assert (54_321, 99.0) in set(zip(steps, values, strict=True))
    assert curve(points, "val_loss") == ([], [])


def test_first_losses_are_held_against_the_limit():
    rows = first_losses(EVIDENCE, BASELINE)
    assert [row.label for row in rows] == ["as planned", "keys mapped", "random init"]
    planned, mended, _ = rows
    assert (planned.mean, planned.ratio, planned.within) == (1.0, 2.5, False)
    assert planned.spread == pytest.approx(math.sqrt(0.02))
    assert mended.within and mended.spread is None, "one batch has no spread"


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_figure_shows_curves_losses_and_the_band(scale):
    points = [CurvePoint(step=0, train_loss=3.0, val_loss=2.0), CurvePoint(step=10, train_loss=1.0)]
    figure = loss_figure(points, first_losses(EVIDENCE, BASELINE), BASELINE, scale=scale)
    traces = {trace.name: trace for trace in figure.data}
    assert list(traces["baseline train loss"].y) == [3.0, 1.0]
    assert list(traces["baseline val_loss"].x) == [0]
    assert list(traces["as planned"].y) == [1.0]
    assert len({traces[name].marker.symbol for name in ("as planned", "keys mapped", "random init")}) == 3
    assert [(shape.y0, shape.y1) for shape in figure.layout.shapes] == [(0.4, pytest.approx(0.42))] * 2
    assert figure.layout.yaxis.type == figure.layout.yaxis2.type == scale
    assert "masked MSE, normalised units" in figure.layout.yaxis.title.text
    assert figure.layout.xaxis.title.text == "training step"


def test_without_a_curve_the_losses_are_drawn_all_the_same():
    figure = loss_figure((), first_losses(EVIDENCE, BASELINE), BASELINE, scale="log")
    assert "as planned" in {trace.name for trace in figure.data}


def test_candidates_show_every_batch_and_escape_their_names():
    figure = candidate_figure(candidate_losses(EVIDENCE, BASELINE), BASELINE)
    batches, means = figure.data
    assert list(batches.x) == [0.4, 0.6, 0.41, 0.43]
    assert list(means.x) == [0.5, pytest.approx(0.42)]
    assert list(means.y) == ["1. &lt;b&gt;a&lt;/b&gt;.pkl", "2. b.pkl"]


def test_long_names_are_cut_in_the_middle_so_that_both_ends_stay():
    assert safe("a" * 100 + "END") == "a" * 20 + "…" + "a" * 16 + "END"
    assert safe("x" * 40) == "x" * 40


def test_intervals_are_bars_and_the_scale_stands_beside_the_candidates():
    first = first_losses(EVIDENCE, BASELINE)
    planned = {trace.name: trace for trace in loss_figure((), first, BASELINE, scale="log").data}["as planned"]
    assert first[0].interval is not None
    assert planned.error_y.array[0] == pytest.approx(first[0].interval.high - 1.0)
    assert planned.error_y.arrayminus[0] == pytest.approx(1.0 - first[0].interval.low)
    rows = candidate_losses(EVIDENCE, BASELINE)
    figure = candidate_figure(rows, BASELINE, [row for row in first if row.label == "random init"])
    assert list(figure.data[-1].x) == [3.0, 3.0]
    assert figure.data[-1].name == "random init 3.0000"
    assert figure.layout.xaxis.type == "log"


def test_a_band_from_measurements_is_drawn_where_they_lie():
    measured_again = BASELINE.model_copy(update={"measurements": (0.50, 0.51, 0.52)})
    band = loss_figure((), first_losses(EVIDENCE, BASELINE), measured_again, scale="linear").layout.shapes[0]
    assert band.y0 == pytest.approx(0.51)
    assert band.y1 == pytest.approx(0.51 + 2.920 * 0.01 * (4 / 3) ** 0.5)
    too_few = BASELINE.model_copy(update={"measurements": (0.50,)})
    band = candidate_figure(candidate_losses(EVIDENCE, BASELINE), too_few).layout.shapes[0]
    assert (band.x0, band.x1) == (0.4, pytest.approx(0.42))
