"""Ends that a job does not choose, on a real Slurm that enforces memory and makes room for more urgent jobs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aqboard.domain.session.check_session import SessionState
from aqboard.domain.session.events import Ended
from tests.slurm.handed_over import SLOW, hand_over
from tests.slurm_cluster import ACCOUNT, SlurmCluster, running

pytestmark = pytest.mark.slurm

GREEDY = """
import time
def build(plan):
    taken = []
    for _ in range(40):
        taken.append(b"x" * (50 << 20))
        time.sleep(0.05)
    time.sleep(600)
"""
"""Takes two gigabytes, little by little, and keeps them."""


@pytest.fixture(scope="module")
def harsh_daemons() -> Iterator[SlurmCluster]:
    """One node, and the partitions `dev-g` and, before it, `urgent`."""
    with running(nodes=1, harsh=True) as cluster:
        yield cluster


@pytest.fixture
def harsh(harsh_daemons: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmCluster]:
    harsh_daemons.lead_here(monkeypatch)
    yield harsh_daemons
    harsh_daemons.cancel_all()


def test_a_session_that_takes_more_memory_than_it_asked_for(harsh: SlurmCluster, tmp_path: Path) -> None:
    session = hand_over(harsh, tmp_path, GREEDY, memory="1G")
    standing = session.over()
    assert harsh.state(session.handle.job) == "FAILED", "without cgroups this Slurm has no other word for it"
    assert "exceeded memory limit" in session.told()
    assert standing.state is SessionState.FAILED
    assert standing.why == (
        "The session's process was killed by signal 9 (SIGKILL), most often because its job or its node ran out of "
        "memory (raise checks.memory), before its end."
    )
    assert [event.outcome.probe for event in session.events if isinstance(event, Ended)] == ["file"], "what was known"


def test_a_session_that_has_to_make_room_for_a_more_urgent_job(harsh: SlurmCluster, tmp_path: Path) -> None:
    session = hand_over(harsh, tmp_path, SLOW)
    session.at_work()
    urgent = ("--partition=urgent", "--exclusive", "--nodes=1", "--wrap=true")
    other = harsh.run("sbatch", "--parsable", f"--account={ACCOUNT}", *urgent).strip()
    standing = session.over()
    assert harsh.state(session.handle.job) == "PREEMPTED"
    assert standing.state is SessionState.FAILED
    assert standing.why.startswith("The session's process was ended by Slurm to make room for another job.")
    assert standing.by_itself, "there was time for the last line"
    assert harsh.wait(other, "COMPLETED") == "COMPLETED"
