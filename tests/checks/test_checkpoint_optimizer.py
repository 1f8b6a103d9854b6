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
    ],
)
def test_a_resumed_state_must_fit(healthy: Healthy, changes: dict[str, Any], verdict: Any, said: str) -> None:
    resumed = section(healthy[0], "checkpoint", resume_optimizer=True)
    found = judge("checkpoint.optimizer", healthy, {**FITS, **changes}, **resumed)
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary


def test_a_fine_tuning_begins_anew_and_says_so(healthy: Healthy) -> None:
    found = judge("checkpoint.optimizer", healthy, {"saved": (), "built": None})
    assert (found.verdict, "begins with a new optimizer" in found.summary) == (PASS, True)
