"""train.cost: the bill follows from figures that are all there; nothing is claimed from a CPU's time."""

import pytest

from aqboard.domain.evidence.training import TrainingFacts
from aqboard.domain.finding import Judgement
from tests.checks.judging import ERROR, FAIL, PASS, SKIP, WARN, Healthy, judge, section

ID = "train.cost"
FACTS = TrainingFacts(max_steps=10_000)


def figure(found: Judgement, name: str) -> float:
    return float(next(item.value for item in found.measurements if item.name == name))


def test_the_bill_of_a_run(healthy: Healthy) -> None:
    """10 000 steps of 0.36 s are one hour, on 50 nodes of 8 GPUs, at 4 units a node-hour."""
    found = judge(ID, healthy, {"facts": FACTS})
    assert found.verdict is PASS
    assert "the run's 10000 steps take 1 h, 400 GPU-hours, 200 GPU-hours" in found.summary
    assert (figure(found, "GPU-hours"), figure(found, "billed")) == (400.0, 200.0)


def test_accumulated_batches_are_paid_for(healthy: Healthy) -> None:
    facts = FACTS.model_copy(update={"accumulate": 4})
    assert figure(judge(ID, healthy, {"facts": facts}), "GPU-hours") == 1600.0


def test_without_the_runs_length_a_thousand_steps_are_told(healthy: Healthy) -> None:
    found = judge(ID, healthy, {"facts": None, "billing": None})
    assert "every 1000 steps (the run's length is not known) take 0.1 h, 40 GPU-hours." in found.summary


def test_a_cpus_time_claims_nothing_unless_the_plan_knows_the_pace(healthy: Healthy) -> None:
    cpu = {"device_kind": "cpu", "device": "Xeon, 2 threads", "facts": FACTS}
    found = judge(ID, healthy, cpu)
    assert (found.verdict, "says nothing about the GPUs" in found.summary) == (SKIP, True)
    assert figure(found, "time per step") == 0.36
    known = section(healthy[0], "training", seconds_per_step=0.72)
    assert figure(judge(ID, healthy, cpu, **known), "GPU-hours") == 800.0


@pytest.mark.parametrize(("peak_gib", "verdict"), [(57, PASS), (58, WARN), (60, WARN)])
def test_nearly_full_memory_is_told(healthy: Healthy, peak_gib: int, verdict: object) -> None:
    assert judge(ID, healthy, {"peak_bytes": peak_gib * 2**30}).verdict is verdict


def test_out_of_memory_fails_and_other_errors_are_not_this_checks(healthy: Healthy) -> None:
    full = judge(ID, healthy, {"step_s": (), "error": "OutOfMemoryError: CUDA out of memory. Tried ..."})
    assert (full.verdict, "does not fit into the memory of AMD" in full.summary) == (FAIL, True)
    assert judge(ID, healthy, {"step_s": (), "error": "ValueError: x"}).verdict is ERROR
    assert judge(ID, healthy, {"step_s": ()}).verdict is ERROR
    assert judge(ID, healthy, {"step_s": (), "error": "ValueError: x"}).summary.endswith("timed: ValueError: x")


@pytest.mark.parametrize(
    ("changes", "limit"), [({"capacity_bytes": None}, [""]), ({"peak_bytes": None}, []), ({"device_kind": "cpu"}, None)]
)
def test_memory_is_judged_only_where_both_figures_of_a_gpu_are_known(
    healthy: Healthy, changes: dict[str, object], limit: list[str] | None
) -> None:
    found = judge(ID, healthy, {"peak_bytes": 63 * 2**30, **changes})
    assert found.verdict is not WARN
    told = [figure.limit for figure in found.measurements if figure.name == "peak memory of a step"]
    assert limit is None or told == limit


def test_exactly_nine_tenths_of_the_memory_are_still_enough(healthy: Healthy) -> None:
    for peak, verdict in ((900, PASS), (901, WARN)):
        assert judge(ID, healthy, {"peak_bytes": peak, "capacity_bytes": 1000}).verdict is verdict


def test_a_step_that_was_never_timed_has_no_time_in_the_table(healthy: Healthy) -> None:
    failed = judge(ID, healthy, {"step_s": (), "error": "CUDA out of memory", "peak_bytes": None})
    assert [figure.name for figure in failed.measurements] == ["parameters, gradients, optimizer state"]


def test_the_median_step_counts_and_a_node_hour_is_billed_for_every_node(healthy: Healthy) -> None:
    found = judge(ID, healthy, {"facts": FACTS, "step_s": (0.36, 0.36, 9.0)})
    assert (figure(found, "time per step"), figure(found, "time without validation and start")) == (0.36, 1.0)
    assert found.summary.startswith("0.36 s per step of 2 samples")
