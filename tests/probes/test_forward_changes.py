"""Counterfactuals and repeats on a really trained model: what the forecast depends on, and what it must not."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from aqboard_reference.target import ReferenceTarget

from aqboard.checks import forward_counterfactuals, forward_deterministic
from aqboard.domain.finding import Verdict
from aqboard.probes import Context, counterfactuals, repeat
from aqboard.probes.counterfactuals import difference
from aqboard.sessions.freeze import freeze
from aqboard.sessions.plan_file import read_plan
from tests import faulty_targets as faulty
from tests.tiny_launch import MODEL, TinyLaunch

Probing = Callable[..., Context]


@pytest.fixture
def probing(launch: TinyLaunch) -> Probing:
    def make(target: type[ReferenceTarget] = ReferenceTarget, **sections: Any) -> Context:
        plan, text = read_plan(launch.plan("changed", **sections))
        context = Context(freeze(plan, text, ()))
        vars(context)["target"] = target(plan)
        return context

    return make


def test_a_healthy_forecast_depends_on_everything_but_the_new_parameters(probing: Probing) -> None:
    context = probing()
    seen = counterfactuals.measure(context)
    effects = {change.name: change.effect for change in seen.changes}
    assert seen.variables == MODEL.variables
    assert set(effects) == {*MODEL.variables, "lead_time", "wind", "scan_order", "new_parameters"}
    assert effects["new_parameters"] == 0.0
    assert all(effect is not None and effect > 1e-3 for name, effect in effects.items() if name != "new_parameters")
    assert forward_counterfactuals.judge(context.plan, seen).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (faulty.BlindToPopulation, "does not change with population, and should"),
        (faulty.AlphaConfigured, "changes with new_parameters by"),
    ],
)
def test_what_the_forecast_should_not_do_is_named(probing: Probing, target: type[ReferenceTarget], said: str) -> None:
    context = probing(target)
    found = forward_counterfactuals.judge(context.plan, counterfactuals.measure(context))
    assert (found.verdict, said in found.summary) == (Verdict.FAIL, True), found.summary


def test_in_row_major_order_the_scan_is_not_asked_and_the_wind_acts_as_variables(probing: Probing) -> None:
    context = probing(scan={"rule": "none"})
    seen = counterfactuals.measure(context)
    assert "scan_order" not in {change.name for change in seen.changes}
    assert forward_counterfactuals.judge(context.plan, seen).verdict is Verdict.PASS


def test_an_input_the_model_refuses_is_told(probing: Probing) -> None:
    context = probing()
    target = context.target
    broken = target.inputs(target.validation_batches()[0])  # type: ignore[attr-defined]
    broken["x"] = torch.full_like(broken["x"], math.nan)
    target.variations = lambda inputs: [("u", broken)]  # type: ignore[attr-defined]
    change = counterfactuals.measure(context).changes[0]
    assert (change.effect, "not finite" in change.error) == (None, True)


def test_a_healthy_forecast_repeats(probing: Probing) -> None:
    context = probing()
    seen = repeat.measure(context)
    assert (seen.values, seen.not_finite, seen.repeat_differs) == (2 * 6 * 16 * 32, 0, 0)
    assert seen.alone_largest is not None
    assert seen.alone_largest < 1e-4
    assert forward_deterministic.judge(context.plan, seen).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (faulty.DropoutAlways, "another forecast the second time"),
        (faulty.BatchStatistics, "depends on the others in its batch of 2"),
    ],
)
def test_what_makes_a_forecast_a_lottery_is_seen(probing: Probing, target: type[ReferenceTarget], said: str) -> None:
    context = probing(target)
    found = forward_deterministic.judge(context.plan, repeat.measure(context))
    assert (found.verdict, said in found.summary) == (Verdict.FAIL, True), found.summary


def test_batches_of_one_are_joined_to_give_a_sample_company(probing: Probing) -> None:
    seen = repeat.measure(probing(faulty.BatchStatistics, data={"batch_size": 1}))
    assert (seen.batch_size, seen.values) == (2, 2 * 6 * 16 * 32)
    assert seen.alone_largest is not None
    assert seen.alone_largest > 0.01
    alone = repeat.measure(probing(data={"batch_size": 1, "validation_batches": 1}))
    assert (alone.batch_size, alone.alone_largest) == (1, None)


def test_modules_left_in_training_mode_are_named(probing: Probing) -> None:
    context = probing()
    build = context.target.build
    context.target.build = lambda scan=None: build(scan).train()  # type: ignore[method-assign]
    seen = repeat.measure(context)
    assert "TopoFlowModule" in seen.training_mode
    assert seen.repeat_differs == 0, "measured in evaluation mode all the same"


def test_differences_are_shares_of_the_spread_and_equal_bits_are_none() -> None:
    plain = torch.tensor([0.0, 2.0, math.nan, math.inf])
    assert difference(plain[:2], plain[:2] + 0.5).tolist() == [0.5, 0.5]
    assert difference(plain, plain).tolist() == [0.0, 0.0, 0.0, 0.0]
    assert difference(torch.ones(3), torch.full((3,), 3.0)).tolist() == [2.0, 2.0, 2.0]
    assert difference(torch.ones(1), torch.tensor([math.nan])).isnan().all()
