"""The cluster for tests is what it says: LUMI's rules, nodes of their own, and nothing left behind."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.slurm_cluster import ACCOUNT, daemons, running

pytestmark = pytest.mark.slurm


def test_a_job_sees_its_node_its_gpus_and_its_tasks(slurm):
    script = slurm.work / "job.sh"
    script.write_text(
        "#!/bin/bash\nsrun --ntasks=16 --ntasks-per-node=8 "
        "bash -c 'echo $SLURM_PROCID $(hostname) $SLURMD_NODENAME $ROCR_VISIBLE_DEVICES'\n"
    )
    job = slurm.run(
        "sbatch", "--parsable", f"--account={ACCOUNT}", "--partition=standard-g", "--nodes=2", "--gpus-per-node=8",
        "--ntasks-per-node=8", "--output=job.out", script.name,
    ).strip()  # fmt: skip
    slurm.wait(job, "COMPLETED")
    lines = (slurm.work / "job.out").read_text().splitlines()
    tasks = sorted((line.split() for line in lines), key=lambda task: int(task[0]))
    assert [int(task[0]) for task in tasks] == list(range(16))
    assert [task[2] for task in tasks] == ["nid005000"] * 8 + ["nid005001"] * 8
    assert {task[3] for task in tasks} == {"0,1,2,3,4,5,6,7"}
    if slurm.isolated:
        assert [task[1] for task in tasks] == [task[2] for task in tasks]


def test_a_node_that_loses_power_takes_its_job_along_and_can_come_back(slurm):
    job = slurm.run(
        "sbatch", "--parsable", "--no-requeue", f"--account={ACCOUNT}", "--partition=dev-g", "--wrap=sleep 600"
    ).strip()
    slurm.wait(job, "RUNNING")
    slurm.lose("nid007900")
    assert slurm.wait(job, "NODE_FAIL") == "NODE_FAIL"
    slurm.restore("nid007900")
    again = slurm.run("sbatch", "--parsable", f"--account={ACCOUNT}", "--partition=dev-g", "--wrap=true").strip()
    assert slurm.wait(again, "COMPLETED") == "COMPLETED"


def test_two_clusters_side_by_side_do_not_meet_and_leave_nothing(slurm):
    with running() as other:
        assert other.folder != slurm.folder
        other.run("sbatch", f"--account={ACCOUNT}", "--partition=dev-g", "--wrap=sleep 600")
        assert other.run("squeue", "--noheader", "--format=%A").split()
        assert not slurm.run("squeue", "--noheader", "--format=%A").split()
    assert not other.folder.exists()
    assert not list(daemons.carrying("SLURM_CONF", str(other.conf)))


ABANDONED = """
import sys, time
from tests.slurm_cluster import running
with running() as cluster:
    print(cluster.conf, flush=True)
    time.sleep(600)
"""


@pytest.mark.usefixtures("slurm_daemons")
def test_daemons_end_with_a_test_process_that_is_killed():
    owner = subprocess.Popen(
        [sys.executable, "-c", ABANDONED], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    conf = owner.stdout.readline().strip()
    assert list(daemons.carrying("SLURM_CONF", conf))
    owner.kill()
    owner.wait()
    assert daemons.wait_for(lambda: not list(daemons.carrying("SLURM_CONF", conf)), 30)
    shutil.rmtree(Path(conf).parent)


@pytest.mark.usefixtures("slurm_daemons")
def test_a_start_that_fails_says_why_and_cleans_up(monkeypatch):
    from tests.slurm_cluster import cluster

    monkeypatch.setattr(cluster, "slurm_conf", lambda *_, **__: "ClusterName=lumi\nNonsense=1\n")
    monkeypatch.setattr(cluster, "STARTS_S", 1.0)
    made: list[str] = []
    mkdtemp = tempfile.mkdtemp
    monkeypatch.setattr(cluster.tempfile, "mkdtemp", lambda **where: made.append(mkdtemp(**where)) or made[0])
    with pytest.raises(pytest.fail.Exception, match="Nonsense"), running():
        pass
    assert made
    assert not Path(made[0]).exists()


def test_without_slurm_tests_skip_unless_it_is_required(monkeypatch):
    monkeypatch.setattr(daemons, "missing", lambda: ("slurmctld",))
    monkeypatch.delenv("AQBOARD_REQUIRE_SLURM", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"slurmctld not found.*make slurm"), running():
        pass
    monkeypatch.setenv("AQBOARD_REQUIRE_SLURM", "1")
    with pytest.raises(pytest.fail.Exception, match="AQBOARD_REQUIRE_SLURM=1, but Slurm is not installed"), running():
        pass
