from typing import Any

import pytest

from aqboard.domain.evidence.machine import Gpu
from tests.checks.judging import PASS, SKIP, WARN, Healthy, judge

BUSY = Gpu(name="H100", total_bytes=100, free_bytes=31)


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({}, PASS, "8 GPUs (AMD Instinct MI250X) seen and free"),
        ({"gpus": (BUSY,)}, WARN, "1 of 1 GPUs are in use; the fullest has 31.0 % of its memory free"),
        ({"gpus": (), "driver": ""}, SKIP, "No GPU on nid005001"),
        ({"gpus": (), "gpu_error": "RuntimeError: no kernel"}, WARN, "sees no GPU (RuntimeError: no kernel)"),
        (
            {"gpus": (), "torch_build": "CPU"},
            WARN,
            "There is a GPU driver (amdgpu 6.3.6), but torch 2.6.0 for CPU sees",
        ),
        ({"open_files": 256}, WARN, "may open 256 files only"),
        ({"open_files": -1}, PASS, "8 GPUs"),
        ({"open_files": 0}, WARN, "may open 0 files only"),
        ({"open_files": 1023}, WARN, "may open 1023 files only"),
        ({"open_files": 1024}, PASS, "8 GPUs"),
        ({"gpus": (BUSY.model_copy(update={"free_bytes": 80}),)}, PASS, "1 GPUs (H100) seen and free"),
        ({"gpus": (BUSY.model_copy(update={"free_bytes": 79}),)}, WARN, "79.0 % of its memory free"),
        (
            {
                "gpus": (
                    BUSY,
                    Gpu(name="H100", total_bytes=1000, free_bytes=90),
                    Gpu(name="H100", total_bytes=1, free_bytes=1),
                )
            },
            WARN,
            "2 of 3 GPUs are in use; the fullest has 9.0 %",
        ),
        ({"driver": ""}, PASS, "driver not named"),
    ],
)
def test_the_machine_is_told(healthy: Healthy, changes: dict[str, Any], verdict: Any, said: str) -> None:
    found = judge("environment.ready", healthy, changes)
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary
    assert {"host", "torch", "driver", "the code's commit"} <= {figure.name for figure in found.measurements}


def test_uncommitted_changes_are_recorded(healthy: Healthy) -> None:
    found = judge("environment.ready", healthy, {"uncommitted": True})
    assert f"{'c' * 40}, with uncommitted changes" in {figure.value for figure in found.measurements}


def test_what_is_not_known_of_the_machine_is_said(healthy: Healthy) -> None:
    figures = judge("environment.ready", healthy, {"gpus": (), "driver": "", "commit": ""}).measurements
    told = {figure.name: figure.value for figure in figures}
    assert (told["driver"], told["the code's commit"], told["GPUs seen"]) == ("none", "not in git", 0)


def test_a_low_limit_says_what_to_raise_it_to(healthy: Healthy) -> None:
    assert "`ulimit -n 4096`" in judge("environment.ready", healthy, {"open_files": 256}).remedy


def test_the_driver_is_named_and_a_missing_reason_leaves_no_brackets(healthy: Healthy) -> None:
    assert judge("environment.ready", healthy).summary.endswith("driver amdgpu 6.3.6.")
    assert "sees no GPU." in judge("environment.ready", healthy, {"gpus": ()}).summary
