"""Loss attribution on a really trained model: each setting measured once, and the planted mistakes found again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from aqboard_reference.target import ReferenceTarget
from torch import Tensor, nn

from aqboard.checks import loss_attribution
from aqboard.domain.attribution import find
from aqboard.domain.evidence_attribution import AttributionEvidence
from aqboard.domain.finding import Verdict
from aqboard.probes import Context, Unavailable, attribution, cache, checkpoint, first_loss, load
from aqboard.sessions.freeze import freeze
from aqboard.sessions.plan_file import read_plan
from tests import faulty_targets as faulty
from tests.tiny_launch import TinyLaunch


class Counting(ReferenceTarget):
    """Notes what every loss is measured on."""

    def loss(self, module: nn.Module, batch: Any) -> Tensor:
        measured = vars(self).setdefault("measured", [])
        config = module.config  # type: ignore[union-attr]
        weights = float(module.model.climax.pos_embed.double().sum())  # type: ignore[union-attr,operator]
        orders = module.model.scanner.cache.global_orders  # type: ignore[union-attr]
        reads = str(config.scan_rule).endswith("sector")
        order = int(orders[1, 0]) if reads else 0
        layout = config.scan_layout if config.scan_rule != "none" else ""
        low = torch.is_autocast_enabled("cpu")
        key = (weights, order, config.scan_rule, layout, module.training, low, float(batch.x[0, 0, 0, 0]))
        measured.append(key)
        return super().loss(module, batch)


Probing = Callable[..., Context]


@pytest.fixture(scope="module")
def probing(launch: TinyLaunch) -> Iterator[Probing]:
    def make(name: str, target: type[ReferenceTarget] = Counting, **sections: Any) -> Context:
        plan, text = read_plan(launch.plan(name, **sections))
        context = Context(freeze(plan, text, ()))
        vars(context)["target"] = target(plan)
        for probe in (checkpoint, cache, load, first_loss):
            context.remember(probe.measure(context))
        vars(context.target)["by_first_loss"] = len(vars(context.target).get("measured", ()))
        return context

    yield make


@pytest.fixture(scope="module")
def healthy(probing: Probing) -> tuple[Context, AttributionEvidence]:
    context = probing("healthy")
    return context, attribution.measure(context)


MISTAKES = {
    "checkpoint": {"load_into": "inner_model"},
    "scan": {"layout": "compat", "cache": "cache_other.pkl", "candidates": ["cache.pkl"]},
}


@pytest.fixture(scope="module")
def mistaken(probing: Probing) -> tuple[Context, AttributionEvidence]:
    context = probing("mistaken", **MISTAKES)
    return context, attribution.measure(context)


def test_every_factor_is_changed_once_around_a_healthy_plan(healthy: tuple[Context, AttributionEvidence]) -> None:
    context, seen = healthy
    assert seen.reference == seen.planned == seen.tried[0].setting
    assert seen.planned.new_parameters == "", "alpha 0 is neutral already"
    changed = [row.setting.differs_from(seen.planned) for row in seen.tried[1:]]
    assert all(len(factors) == 1 for factors in changed)
    counts = {factor: changed.count((factor,)) for (factor,) in set(changed)}
    assert counts == {"weights": 1, "cache": 1, "rule": 5, "layout": 1, "mode": 1, "precision": 1}
    assert seen.refused == ()
    assert loss_attribution.judge(context.plan, seen).verdict is Verdict.PASS


@pytest.mark.parametrize("launched", ["healthy", "mistaken"])
def test_no_setting_is_measured_twice_on_a_batch(launched: str, request: pytest.FixtureRequest) -> None:
    context, _ = request.getfixturevalue(launched)
    before = context.target.measured[: context.target.by_first_loss]
    here = context.target.measured[context.target.by_first_loss :]
    assert here
    assert len(here) == len(set(here))
    assert set(here).isdisjoint(before)


def test_planted_mistakes_are_found_again(mistaken: tuple[Context, AttributionEvidence]) -> None:
    context, seen = mistaken
    assert seen.planned.weights == "as loaded"
    assert (seen.reference.weights, seen.reference.layout) == ("keys mapped", "corrected")
    assert seen.reference.cache == "cache.pkl"
    as_trained = find(seen.tried, seen.reference)
    assert as_trained is not None
    assert as_trained.mean == pytest.approx(context.plan.baseline.val_loss, abs=1e-4)
    found = loss_attribution.judge(context.plan, seen)
    assert found.verdict is Verdict.FAIL
    assert "weights (keys mapped instead of as loaded)" in found.summary


def test_an_explanation_is_confirmed_on_all_batches(mistaken: tuple[Context, AttributionEvidence]) -> None:
    context, seen = mistaken
    planned = seen.tried[0]
    limit = loss_attribution.upper_limit(context.plan.baseline)
    explanation = loss_attribution.explain(planned, seen.tried, seen.reference, limit)
    assert explanation is not None
    assert len(explanation.row.per_batch) == len(planned.per_batch) == 4


def test_around_weights_that_were_not_loaded_only_the_weights_are_changed(
    mistaken: tuple[Context, AttributionEvidence],
) -> None:
    _, seen = mistaken
    beside = [row.setting.differs_from(seen.planned) for row in seen.tried]
    assert beside.count(("weights",)) == 1
    assert not any(len(factors) == 1 and factors != ("weights",) for factors in beside)


def test_what_the_first_loss_measured_is_taken_over(mistaken: tuple[Context, AttributionEvidence]) -> None:
    context, seen = mistaken
    losses = context.known(first_loss.LossEvidence)
    assert losses is not None
    assert losses.as_trained is not None
    assert losses.mended is not None
    rows = {row.setting: row.per_batch for row in seen.tried}
    assert rows[seen.planned] == losses.planned.per_batch
    assert rows[seen.reference] == losses.as_trained.per_batch
    assert rows[seen.planned.with_value("weights", "keys mapped")] == losses.mended.per_batch


def test_new_parameters_that_are_not_neutral_are_a_factor(probing: Probing) -> None:
    seen = attribution.measure(probing("alpha", faulty.AlphaConfigured))
    assert seen.planned.new_parameters == "as configured"
    assert seen.reference == seen.planned.with_value("new_parameters", "neutral")
    rows = {row.setting.new_parameters: row.mean for row in seen.tried if row.setting.weights == "as loaded"}
    assert set(rows) == {"as configured", "neutral"}


def test_what_the_model_refuses_is_noted_and_the_rest_goes_on(
    probing: Probing, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = probing("refusing")
    build = context.target.build

    def picky(scan: Any = None) -> nn.Module:
        if scan is not None and scan.rule == "block-angle":
            raise NotImplementedError("no blocks by angle")
        return build(scan)

    monkeypatch.setattr(context.target, "build", picky)
    seen = attribution.measure(context)
    assert [refused.setting.rule for refused in seen.refused] == ["block-angle"]
    assert seen.refused[0].error == "NotImplementedError: no blocks by angle"
    assert any(row.setting.precision == "bfloat16" for row in seen.tried)


def test_without_the_first_loss_nothing_is_attributed(launch: TinyLaunch, tmp_path: Path) -> None:
    plan, text = read_plan(launch.plan("alone"))
    with pytest.raises(Unavailable, match="first loss"):
        attribution.measure(Context(freeze(plan, text, ())))
