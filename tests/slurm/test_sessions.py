"""Check sessions as jobs of a real Slurm: whatever becomes of the job, the session says truthfully what happened."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqboard.domain.errors import SessionError
from aqboard.domain.session.check_session import SessionState, SessionStatus
from aqboard.domain.session.events import Ended, SessionStarted, Started
from aqboard.jobs.slurm import Slurm
from aqboard.sessions import folder
from aqboard.sessions.backend import Handle
from aqboard.sessions.backends.slurm import SlurmBackend
from tests.slurm.handed_over import SLOW, Session, hand_over
from tests.slurm_cluster import SlurmCluster, daemons

pytestmark = pytest.mark.slurm


@pytest.fixture
def start(slurm: SlurmCluster, tmp_path: Path) -> Callable[..., Session]:
    """Hand a session to Slurm. `slow`: it would run for ten minutes; else it reads two files and is done."""

    def go(*, slow: bool = False, **checks: object) -> Session:
        return hand_over(slurm, tmp_path, SLOW if slow else "", **checks)

    return go


def test_a_session_runs_to_its_end_on_a_node(start, slurm):
    session = start()
    assert session.over() == SessionStatus(state=SessionState.DONE, by_itself=True)
    (began,) = (event for event in session.events if isinstance(event, SessionStarted))
    assert began.job == session.handle.job
    if slurm.isolated:
        assert began.host == "nid007900"
    assert [event.outcome.probe for event in session.events if isinstance(event, Ended)] == ["file", "curve"]
    slurm.wait(session.handle.job, "COMPLETED")
    time.sleep(0.3)
    assert session.backend.look(session.handle).why == "ended with code 0"


def test_what_was_asked_for_is_what_slurm_gives(start, slurm):
    session = start(slow=True, cpus=3, memory="5G", gpus=2, time="00:20:00")
    told = slurm.run("scontrol", "--oneliner", "show", "job", session.handle.job)
    for fact in ("Partition=dev-g", "Requeue=0", "TimeLimit=00:20:00", "CPUs/Task=3", "MinMemoryNode=5G", "NumTasks=1"):
        assert fact in told
    assert "gpu:2" in told
    assert "JobName=aqboard-checks-" in told
    session.backend.cancel(session.handle)


def test_a_running_session_is_cancelled(start):
    session = start(slow=True)
    assert session.at_work().state is SessionState.RUNNING
    folder.request_cancel(session.folder, "Grace")
    session.backend.cancel(session.handle)
    assert session.over() == SessionStatus(state=SessionState.CANCELLED, why="Cancelled by Grace.", by_itself=True)


def test_scancel_by_hand_is_a_cancellation_and_the_last_line_is_written(start, slurm):
    session = start(slow=True)
    session.at_work()
    slurm.run("scancel", session.handle.job)
    standing = session.over()
    assert standing.state is SessionState.CANCELLED
    assert standing.by_itself
    assert f"was cancelled through Slurm (job {session.handle.job})" in standing.why
    assert "SIGTERM" in standing.why


def test_a_session_that_waits_says_so_and_can_be_cancelled(start, slurm):
    Slurm().submit(_blocker(slurm), folder=slurm.work)
    session = start()
    standing = session.wait(lambda session: session.standing().why.endswith("(Resources)"))
    assert standing.state is SessionState.QUEUED
    assert standing.why == f"queued: Slurm job {session.handle.job} waits (Resources)"
    folder.request_cancel(session.folder, "Grace")
    session.backend.cancel(session.handle)
    assert session.over() == SessionStatus(state=SessionState.CANCELLED, why="Cancelled by Grace before it began.")


def _blocker(slurm: SlurmCluster) -> Path:
    script = slurm.work / "blocker.sh"
    script.write_text(
        "#!/bin/bash\n#SBATCH --account=project_465000001 --partition=dev-g --exclusive --nodes=1\nsleep 600\n"
    )
    return script


@pytest.mark.slow
def test_a_session_that_reaches_its_time_limit_says_so(start, slurm):
    session = start(slow=True)
    session.at_work()
    # Slurm counts limits in minutes, and looks twice a minute whether they are over.
    slurm.run("scontrol", "update", f"jobid={session.handle.job}", "endtime=now+1")
    standing = session.over()
    assert standing.state is SessionState.FAILED
    assert standing.why.startswith("The session's process was ended by Slurm at its time limit")
    assert standing.by_itself, "there was time for the last line"


def test_a_session_whose_node_fails_is_lost(start, slurm):
    session = start(slow=True)
    session.at_work()
    slurm.lose("nid007900")
    try:
        standing = session.over()
        assert standing.state is SessionState.LOST
        assert standing.why == (
            f"The session's process was lost when its node nid007900 failed (Slurm job {session.handle.job}), before "
            "its end."
        )
    finally:
        slurm.restore("nid007900")


def test_a_probe_process_that_is_killed_costs_one_probe(start):
    session = start(slow=True)
    session.wait(lambda session: _at(session, "load"))
    os.kill(_processes(session, "aqboard.sessions.worker")[0], signal.SIGKILL)
    assert session.over().state is SessionState.DONE
    (broke,) = (event.outcome for event in session.events if isinstance(event, Ended) and event.outcome.probe == "load")
    assert broke.status == "broke"
    assert "killed (signal 9)" in broke.message


def test_a_session_process_that_is_killed_has_failed(start, slurm):
    session = start(slow=True)
    session.at_work()
    os.kill(_processes(session, "aqboard.sessions.supervisor")[0], signal.SIGKILL)
    standing = session.over()
    assert standing.state is SessionState.FAILED
    assert standing.why.startswith("The session's process was killed by signal 9 (SIGKILL), most often because its job")
    assert not _processes(session, "aqboard.sessions.worker"), "nothing goes on without it"


def _at(session: Session, probe: str) -> bool:
    return any(isinstance(event, Started) and event.probe == probe for event in session.events)


def _processes(session: Session, module: str) -> list[int]:
    """The processes of this session that run a module."""
    found = []
    for pid, environment in daemons.carrying("SLURM_CONF", str(session.cluster.conf)):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if environment.get("SLURM_JOB_ID") == session.handle.job and module.encode() in words:
            found.append(pid)
    return found


def test_a_refused_job_is_told_in_words(start):
    with pytest.raises(SessionError, match=r"Slurm refused the job\. The account does not exist"):
        start(account="project_1")
    with pytest.raises(SessionError, match=r"Slurm refused the job\. There is no partition gpu"):
        start(partition="gpu")
    with pytest.raises(SessionError, match=r"Slurm refused the job\. No node of this partition has what is asked for"):
        start(gpus=9)


def test_settings_of_this_shell_do_not_win_over_the_plan(start, slurm, monkeypatch):
    monkeypatch.setenv("SBATCH_ACCOUNT", "project_1")
    monkeypatch.setenv("SBATCH_PARTITION", "standard-g")
    session = start()
    assert "Partition=dev-g" in slurm.run("scontrol", "--oneliner", "show", "job", session.handle.job)
    assert session.over().state is SessionState.DONE


def test_another_python_in_a_container_of_its_own(start, slurm, tmp_path):
    """`env` stands for a container's runtime: the words before the Python that runs in the job."""
    python = tmp_path / "their python"
    python.symlink_to(Path(sys.executable))
    session = start(container=["env", "INSIDE=it is $HOME"], python=str(python))
    (script,) = session.folder.glob("submitit/*_submission.sh")
    assert f"env 'INSIDE=it is $HOME' '{python}' -P -u -m submitit" in script.read_text()
    session.backend.cancel(session.handle)


def test_a_job_that_slurm_has_forgotten_is_lost(slurm):
    backend = SlurmBackend()
    sighting = backend.look(Handle(backend="slurm", host="uan01", job="999999"))
    assert (sighting.word, sighting.why) == ("lost", "is gone: Slurm no longer knows job 999999")
    backend.cancel(Handle(backend="slurm", host="uan01", job="999999"))
