from typing import Any

import pytest

from aqboard.domain.evidence.machine import OutputFolder
from tests.checks.judging import FAIL, PASS, WARN, Healthy, judge

NEED = 1000


def folder(**changes: Any) -> OutputFolder:
    fields: dict[str, Any] = {"path": "/out", "what": "checkpoints", "nearest": "/out", "free_bytes": 10**12}
    return OutputFolder(**{**fields, **changes})


AWAY = folder(path="/scratch/x", on_this_machine=False, free_bytes=None)


@pytest.mark.parametrize(
    ("outputs", "verdict", "said"),
    [
        ((folder(),), PASS, "/out can be written to; 1.0 TB free"),
        ((folder(free_bytes=10**12),), PASS, "checkpoints of about 1,000 bytes, optimizer state included."),
        ((folder(), AWAY), PASS, "/scratch/x is not on this machine and was not looked at."),
        ((folder(quota_bytes=10**9),), PASS, "1.0 GB free"),
        ((AWAY,), WARN, "/scratch/x is not on this machine, so nothing is known"),
        ((), WARN, "nothing is known"),
        ((folder(obstacle="it does not exist"),), FAIL, "cannot write to /out (checkpoints): it does not exist"),
        ((folder(free_bytes=2 * NEED - 1),), FAIL, "/out has 1,999 bytes free, 2,000 bytes are needed"),
        ((folder(quota_bytes=5),), FAIL, "/out has 5 bytes of its quota left"),
        ((folder(free_bytes=2 * NEED),), PASS, "2,000 bytes free"),
        ((folder(quota_bytes=2 * NEED),), PASS, "2,000 bytes free"),
        ((folder(quota_bytes=2 * NEED - 1),), FAIL, "of its quota left, 2,000 bytes are needed"),
        ((folder(free_files=100),), PASS, "can be written to"),
        ((folder(free_files=99),), FAIL, "room for 99 more files"),
        ((folder(), folder(free_bytes=10**9)), PASS, "1.0 GB free"),
        ((folder(free_bytes=None),), PASS, "0 bytes free"),
        ((folder(free_files=7),), FAIL, "room for 7 more files"),
    ],
)
def test_folders_are_told(healthy: Healthy, outputs: tuple[OutputFolder, ...], verdict: Any, said: str) -> None:
    found = judge("environment.output", healthy, {"outputs": outputs, "checkpoint_bytes": NEED})
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary


def test_an_unreadable_checkpoint_leaves_the_size_open(healthy: Healthy) -> None:
    found = judge("environment.output", healthy, {"outputs": (folder(),), "checkpoint_bytes": 0})
    assert (found.verdict, "checkpoints of a size that is not known" in found.summary) == (PASS, True)


@pytest.mark.parametrize(
    ("changes", "value"),
    [({}, "1.0 TB"), ({"quota_bytes": 10**9}, "1.0 TB, 1.0 GB of the quota"), ({"free_bytes": None}, "0 bytes")],
)
def test_the_table_tells_disk_and_quota_apart(healthy: Healthy, changes: dict[str, Any], value: str) -> None:
    found = judge("environment.output", healthy, {"outputs": (folder(**changes), AWAY), "checkpoint_bytes": NEED})
    (figure,) = found.measurements
    assert (figure.name, figure.value, figure.limit) == ("free for checkpoints", value, ">= 2,000 bytes")


def test_nothing_is_said_of_other_machines_where_every_folder_is_here(healthy: Healthy) -> None:
    found = judge("environment.output", healthy, {"outputs": (folder(),), "checkpoint_bytes": NEED})
    assert found.summary.endswith("optimizer state included.")
