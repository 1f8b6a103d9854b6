"""forward.counterfactuals: what should move the forecast does, and nothing else."""

import math
from typing import Any

import pytest

from aqboard.domain.evidence.forward import ForwardChange
from aqboard.domain.plan import ExpectationsPlan, LaunchPlan
from tests.checks.judging import ERROR, FAIL, PASS, WARN, Healthy, judge, section

ID = "forward.counterfactuals"


def changed(healthy: Healthy, **effects: float | None) -> dict[str, Any]:
    """Healthy changes with other effects; None is a pass that the model refused."""
    seen = healthy[1]["counterfactuals"].changes  # type: ignore[attr-defined]
    error = {name: "InputError: no" for name, effect in effects.items() if effect is None}
    return {
        "changes": tuple(
            ForwardChange(name=item.name, effect=effects.get(item.name, item.effect), error=error.get(item.name, ""))
            for item in seen
        )
    }


def test_a_variable_that_changes_nothing_fails_by_name(healthy: Healthy) -> None:
    found = judge(ID, healthy, changed(healthy, u=0.0))
    assert found.verdict is FAIL
    assert "does not change with u, and should" in found.summary
    assert "own place and unit" in found.remedy


def test_new_parameters_that_are_not_neutral_fail(healthy: Healthy) -> None:
    found = judge(ID, healthy, changed(healthy, new_parameters=0.31))
    assert (found.verdict, "changes with new_parameters by 0.31" in found.summary) == (FAIL, True)
    assert "elevation_alpha 0" in found.remedy


def test_rounding_is_no_change(healthy: Healthy) -> None:
    assert judge(ID, healthy, changed(healthy, new_parameters=2e-6)).verdict is PASS
    assert judge(ID, healthy, changed(healthy, wind=2e-6)).verdict is FAIL


def test_the_plan_says_what_to_expect(healthy: Healthy) -> None:
    still = changed(healthy, elevation=0.0)
    for answer in ("no", "unknown"):
        asked = section(healthy[0], "expectations", variables={"elevation": answer})
        assert judge(ID, healthy, still, **asked).verdict is PASS
    moving = section(healthy[0], "expectations", lead_time="no")
    assert "changes with lead_time" in judge(ID, healthy, **moving).summary


@pytest.mark.parametrize("effect", [None, math.nan])
def test_what_could_not_be_seen_is_never_a_pass(healthy: Healthy, effect: float | None) -> None:
    found = judge(ID, healthy, changed(healthy, wind=effect))
    assert (found.verdict, "wind" in found.summary) == (WARN, True)
    assert judge(ID, healthy, {"changes": ()}).verdict is ERROR


def test_an_expectation_of_an_unknown_variable_is_told(healthy: Healthy) -> None:
    found = judge(ID, healthy, **section(healthy[0], "expectations", variables={"elevaton": "yes"}))
    assert (found.verdict, "elevaton" in found.summary, "elevation" in found.remedy) == (WARN, True, True)


def test_yaml_may_say_yes_and_no_bare(healthy: Healthy) -> None:
    read = ExpectationsPlan.model_validate({"wind": False, "lead_time": True, "variables": {"u": False}})
    assert (read.wind, read.lead_time, read.variables) == ("no", "yes", {"u": "no"})
    assert isinstance(healthy[0], LaunchPlan)


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [
        ({"wind": 1e-5}, FAIL),
        ({"wind": 1.1e-5}, PASS),
        ({"new_parameters": 1e-5}, PASS),
        ({"new_parameters": 1.1e-5}, FAIL),
    ],
)
def test_a_hundred_thousandth_of_the_spread_is_the_border(
    healthy: Healthy, effects: dict[str, float], verdict: Any
) -> None:
    assert judge(ID, healthy, changed(healthy, **effects)).verdict is verdict


def test_each_kind_of_fault_has_its_own_remedy(healthy: Healthy) -> None:
    still = section(healthy[0], "expectations", wind="no")
    both = judge(ID, healthy, changed(healthy, u=0.0, new_parameters=0.3), **still)
    assert "does not change with u, and should. It changes with wind by 0.4" in both.summary
    assert "elevation_alpha 0" in both.remedy
    assert "Follow the input" in both.remedy
    moved = judge(ID, healthy, **still)
    assert "elevation_alpha" not in moved.remedy
    assert "Follow the input" not in moved.remedy


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_what_the_model_refused_is_neither_blind_nor_moved(healthy: Healthy, answer: str) -> None:
    asked = section(healthy[0], "expectations", wind=answer)
    found = judge(ID, healthy, changed(healthy, wind=None), **asked)
    assert (found.verdict, "What 1 of 6 changes do" in found.summary) == (WARN, True)
    assert next(figure for figure in found.measurements if figure.name == "wind").value == "refused"


def test_what_nobody_expects_anything_of_is_not_judged(healthy: Healthy) -> None:
    unknown = section(healthy[0], "expectations", wind="unknown")
    assert judge(ID, healthy, changed(healthy, wind=None), **unknown).verdict is PASS
    strange = (*healthy[1]["counterfactuals"].changes, ForwardChange(name="of_a_plugin", effect=0.3))  # type: ignore[attr-defined]
    found = judge(ID, healthy, {"changes": strange})
    assert (found.verdict, found.measurements[-1].limit) == (PASS, "should change: unknown")


def test_six_blind_inputs_are_named(healthy: Healthy) -> None:
    names = [f"v{n}" for n in range(7)]
    seen = {"variables": tuple(names), "changes": tuple(ForwardChange(name=name, effect=0.0) for name in names)}
    assert "does not change with v0, v1, v2, v3, v4, v5 and 1 more" in judge(ID, healthy, seen).summary


@pytest.mark.parametrize(
    ("effect", "cause"), [(None, "wind (InputError: no)"), (math.nan, "wind (the forecast is not finite)")]
)
def test_why_it_could_not_be_seen_is_said(healthy: Healthy, effect: float | None, cause: str) -> None:
    assert cause in judge(ID, healthy, changed(healthy, wind=effect)).summary
