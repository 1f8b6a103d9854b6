from typing import Any

import pytest

from tests import sample_launch
from tests.checks.judging import PASS, SKIP, WARN, Healthy, judge, section


@pytest.mark.parametrize(
    ("max_steps", "time", "verdict", "said"),
    [
        (10_000, "1-00:00:00", PASS, "10,000 steps take about 1.15 h; the job may run 24 h."),
        (10_000, "01:00:00", WARN, "10,000 steps take about 1.15 h; the job may run 1 h."),
        (None, "1-00:00:00", SKIP, "How many steps the run takes is not known."),
    ],
)
def test_the_estimate_is_held_against_the_jobs_time(
    healthy: Healthy, max_steps: int | None, time: str, verdict: Any, said: str
) -> None:
    facts = sample_launch.training(healthy[0]).facts
    assert facts is not None
    changes = {"facts": facts.model_copy(update={"max_steps": max_steps}), "step_s": (0.36, 0.36, 0.36)}
    found = judge("launch.walltime", healthy, changes, **section(healthy[0], "cluster", time=time))
    assert (found.verdict, found.summary) == (verdict, said)


def test_a_cpus_time_says_nothing_unless_the_plan_knows_better(healthy: Healthy) -> None:
    on_cpu = {"device_kind": "cpu", "device": "a laptop"}
    found = judge("launch.walltime", healthy, on_cpu)
    assert (found.verdict, "it was measured on a laptop" in found.summary) == (SKIP, True)
    known = section(healthy[0], "training", seconds_per_step=100.0)
    found = judge("launch.walltime", healthy, on_cpu, **known)
    assert (found.verdict, "about 57.5 h" in found.summary) == (WARN, True)


def test_accumulated_batches_take_their_time(healthy: Healthy) -> None:
    facts = sample_launch.training(healthy[0]).facts
    assert facts is not None
    changes = {"facts": facts.model_copy(update={"accumulate": 4, "max_steps": 100_000}), "step_s": (0.36,)}
    assert judge("launch.walltime", healthy, changes).verdict is WARN
    assert judge("launch.walltime", healthy, {"facts": None}).verdict is SKIP


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(3600 / 1.15 / 100 * 0.999, PASS), (3600 / 1.15 / 100 * 1.0001, WARN)]
)
def test_fifteen_per_cent_are_kept_for_start_validation_and_checkpoints(
    healthy: Healthy, seconds: float, verdict: Any
) -> None:
    facts = sample_launch.training(healthy[0]).facts
    assert facts is not None
    plan = section(healthy[0], "cluster", time="01:00:00") | section(healthy[0], "training", seconds_per_step=seconds)
    found = judge("launch.walltime", healthy, {"facts": facts.model_copy(update={"max_steps": 100})}, **plan)
    assert found.verdict is verdict, found.summary


def test_a_run_that_takes_just_as_long_as_the_job_is_in_time(healthy: Healthy) -> None:
    facts = sample_launch.training(healthy[0]).facts
    assert facts is not None
    exact = 3600 / 1.15
    assert 1.15 * exact / 3600 == 1.0
    plan = section(healthy[0], "cluster", time="01:00:00") | section(healthy[0], "training", seconds_per_step=exact)
    found = judge("launch.walltime", healthy, {"facts": facts.model_copy(update={"max_steps": 1})}, **plan)
    assert found.verdict is PASS, found.summary


def test_a_step_that_was_never_timed_gives_no_estimate(healthy: Healthy) -> None:
    assert judge("launch.walltime", healthy, {"step_s": ()}).verdict is SKIP
