from typing import Any

import pytest

from aqboard.domain.evidence.training import TrainingFacts
from tests import sample_launch
from tests.checks.judging import FAIL, PASS, WARN, Healthy, judge, section


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({}, PASS, "50 nodes x 8 GPUs in the plan and in the training; 800 samples per step, 1,800 steps, each"),
        ({"nodes": 1}, FAIL, "configured for nodes 1, the job has 50"),
        ({"devices": 4}, FAIL, "GPUs per node 4, the job has 8"),
        ({"devices": None}, PASS, "50 nodes x 8 GPUs"),
        ({"accumulate": 3}, PASS, "2,400 samples per step"),
        ({"train_samples": None}, PASS, "1,800 steps."),
        ({"batch_size": None}, PASS, "in the training."),
        ({"configuration": "other.yaml"}, WARN, "starts with train.yaml; what was checked is other.yaml"),
        ({"configuration": ""}, PASS, "50 nodes"),
        ({"nodes": 1, "devices": 4}, FAIL, "nodes 1, the job has 50; GPUs per node 4, the job has 8."),
        ({"nodes": None, "devices": 4}, FAIL, "for GPUs per node 4, the job has 8."),
        ({"max_steps": None}, PASS, "800 samples per step."),
        ({"train_samples": 0}, PASS, "1,800 steps."),
        ({"train_samples": 800}, PASS, "each sample seen 1,800.0 times."),
        ({"nodes": None, "devices": None}, WARN, "does not say for how many"),
    ],
)
def test_the_two_ideas_of_the_job_are_compared(
    healthy: Healthy, changes: dict[str, Any], verdict: Any, said: str
) -> None:
    facts = sample_launch.training(healthy[0]).facts
    assert facts is not None
    found = judge("launch.agrees", healthy, {"facts": facts.model_copy(update=changes)})
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary


def test_a_target_that_says_nothing_is_a_warning(healthy: Healthy) -> None:
    assert judge("launch.agrees", healthy, {"facts": None}).verdict is WARN
    assert judge("launch.agrees", healthy, {"facts": TrainingFacts(max_steps=3)}).verdict is WARN


def test_a_command_without_a_configuration_is_not_compared(healthy: Healthy) -> None:
    facts = TrainingFacts(nodes=50, devices=8, configuration="other.yaml")
    bare = section(healthy[0], "cluster", command=("python", "train.py"))
    assert judge("launch.agrees", healthy, {"facts": facts}, **bare).verdict is PASS


def test_what_is_not_known_is_left_out_of_the_table(healthy: Healthy) -> None:
    found = judge("launch.agrees", healthy, {"facts": TrainingFacts(devices=8)})
    assert [figure.name for figure in found.measurements] == ["GPUs per node configured", "batches per step"]


def test_the_effective_batch_is_that_of_all_gpus_and_accumulated_batches(healthy: Healthy) -> None:
    facts = TrainingFacts(devices=8, batch_size=3, accumulate=2)
    figures = {f.name: f.value for f in judge("launch.agrees", healthy, {"facts": facts}).measurements}
    assert figures["effective batch"] == 3 * 2 * 400
