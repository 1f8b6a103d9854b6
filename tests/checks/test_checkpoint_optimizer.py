from typing import Any

import pytest

from aqboard.domain.checkpoint import OptimizerFacts, ParamGroup
from aqboard.domain.evidence.checkpoint import BuiltGroup
from tests.checks.judging import ERROR, FAIL, PASS, Healthy, judge, section

WEIGHT, BIAS = (64, 64), (64,)


def saved(*params: int, lr: float = 1e-3) -> OptimizerFacts:
    groups = tuple(ParamGroup(params=count, settings={"lr": 1e-6, "initial_lr": lr}) for count in params)
    return OptimizerFacts(groups=groups, state_tensors=6, state_bytes=1, step=1.0)


def built(*groups: tuple[tuple[int, ...], ...], lr: float = 1e-3) -> tuple[BuiltGroup, ...]:
    return tuple(BuiltGroup(shapes=shapes, lr=lr) for shapes in groups)


FITS = {"saved": (saved(1, 1),), "saved_shapes": ((WEIGHT, BIAS),), "built": (built((WEIGHT,), (BIAS,)),)}


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({}, PASS, "The state of all 2 parameters fits"),
        ({"saved": (saved(1, 1, lr=0.5),)}, PASS, "group 1 goes on from 0.5, not from the configured 0.001"),
        ({"schedulers": 0}, PASS, "No scheduler state is saved"),
        ({"saved_shapes": ((None, BIAS),)}, PASS, "fits"),
        ({"saved": ()}, FAIL, "holds no optimizer state"),
        ({"saved": (saved(1), saved(1))}, FAIL, "2 optimizers are saved, the training builds 1"),
        ({"saved": (saved(2),)}, FAIL, "1 parameter groups are saved, the training builds 2"),
        ({"built": (built((WEIGHT,), (BIAS, ())),)}, FAIL, "group 2 holds 1 parameters in the file, 2 in the training"),
        ({"built": (built((BIAS,), (WEIGHT,)),)}, FAIL, "parameter 1 of 2 has moments of shape [64, 64] and is [64]"),
        ({"built": None}, ERROR, "were not built"),
        ({"saved_shapes": ()}, PASS, "The state of all 2 parameters fits"),
        ({"saved": (saved(1, 1), saved(1)), "built": (built((WEIGHT,), (BIAS,)),) * 2}, FAIL, "1 parameter groups"),
        ({"saved_shapes": ((WEIGHT, WEIGHT),)}, FAIL, "parameter 2 of 2 has moments of shape [64, 64] and is [64]"),
        ({"saved": (saved(3, 1),)}, FAIL, "group 1 holds 3 parameters in the file, 1 in the training"),
    ],
)
def test_a_resumed_state_must_fit(healthy: Healthy, changes: dict[str, Any], verdict: Any, said: str) -> None:
    resumed = section(healthy[0], "checkpoint", resume_optimizer=True)
    found = judge("checkpoint.optimizer", healthy, {**FITS, **changes}, **resumed)
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary


def test_a_fine_tuning_begins_anew_and_says_so(healthy: Healthy) -> None:
    found = judge("checkpoint.optimizer", healthy, {"saved": (), "built": None})
    assert (found.verdict, "begins with a new optimizer" in found.summary) == (PASS, True)


@pytest.mark.parametrize(
    ("settings", "configured", "said"),
    [
        ({"lr": 0.5}, 1e-3, "group 2 goes on from 0.5, not from the configured 0.001."),
        ({"lr": 0.5, "initial_lr": 1e-3}, 1e-3, ""),
        ({"lr": 0.5}, None, ""),
        ({"lr": "adaptive"}, 1e-3, ""),
        ({}, 1e-3, ""),
    ],
)
def test_a_rate_that_comes_from_the_file_is_told_where_the_configuration_has_another(
    healthy: Healthy, settings: dict[str, Any], configured: float | None, said: str
) -> None:
    first = ParamGroup(params=1, settings={"lr": 1e-3})
    facts = OptimizerFacts(
        groups=(first, ParamGroup(params=1, settings=settings)), state_tensors=6, state_bytes=1, step=1.0
    )
    groups = (BuiltGroup(shapes=(WEIGHT,), lr=1e-3), BuiltGroup(shapes=(BIAS,), lr=configured))
    resumed = section(healthy[0], "checkpoint", resume_optimizer=True)
    found = judge("checkpoint.optimizer", healthy, {**FITS, "saved": (facts,), "built": (groups,)}, **resumed)
    assert found.verdict is PASS
    assert said in found.summary
    assert ("The learning rate comes from the file" in found.summary) == bool(said)


def test_each_optimizer_is_compared_with_its_own(healthy: Healthy) -> None:
    changes = {
        "saved": (saved(1), saved(1)),
        "saved_shapes": ((WEIGHT,), (BIAS,)),
        "built": (built((WEIGHT,)), built((BIAS,))),
    }
    resumed = section(healthy[0], "checkpoint", resume_optimizer=True)
    assert judge("checkpoint.optimizer", healthy, changes, **resumed).verdict is PASS
    swapped = changes | {"saved_shapes": ((BIAS,), (WEIGHT,))}
    assert judge("checkpoint.optimizer", healthy, swapped, **resumed).verdict is FAIL
    assert judge("checkpoint.optimizer", healthy, {"saved": ()}).measurements[1].value == "none"
