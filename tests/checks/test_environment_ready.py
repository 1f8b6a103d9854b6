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
    ],
)
def test_the_machine_is_told(healthy: Healthy, changes: dict[str, Any], verdict: Any, said: str) -> None:
    found = judge("environment.ready", healthy, changes)
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary
    assert {"host", "torch", "driver", "the code's commit"} <= {figure.name for figure in found.measurements}


def test_uncommitted_changes_are_recorded(healthy: Healthy) -> None:
    found = judge("environment.ready", healthy, {"uncommitted": True})
    assert f"{'c' * 40}, with uncommitted changes" in {figure.value for figure in found.measurements}
