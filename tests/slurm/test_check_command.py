"""`aqboard check --backend slurm` as a person uses it: real probes on a node of a real Slurm, real verdicts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.slurm_cluster import SlurmCluster
from tests.tiny_launch import TinyLaunch

pytestmark = pytest.mark.slurm

ASKED = ("checkpoint.coverage", "scan.cache_used", "loss.first", "ranks.equal")
"""Files, the loaded model, the scan, a validation, and two processes of one group: what a job might do otherwise."""


def aqboard(slurm: SlurmCluster, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aqboard.cli", *map(str, words)]
    return subprocess.run(command, cwd=slurm.work, capture_output=True, text=True, timeout=600, check=False)


def verdicts(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    assert done.stdout, done.stderr
    findings = json.loads(done.stdout)["findings"]
    return {f["check"]: (f["verdict"], f["summary"]) for f in findings if f["check"] in ASKED}


@pytest.mark.slow
def test_a_job_finds_what_a_local_session_finds(slurm: SlurmCluster, launch: TinyLaunch, tmp_path: Path):
    plan = launch.plan("as a job", checkpoint={"load_into": "inner_model"}, checks={"cpus": 2})
    only = [word for check in ASKED for word in ("--only", check)]
    job = aqboard(slurm, "check", plan, "--db", tmp_path / "a.db", "--json", "--backend", "slurm", *only)
    here = aqboard(slurm, "check", plan, "--db", tmp_path / "a.db", "--json", *only)
    found = verdicts(job)
    assert found == verdicts(here)
    assert set(found) == set(ASKED)
    assert found["checkpoint.coverage"][0] == "fail", "one verdict at least says something"
    assert job.returncode == here.returncode == 1
    assert slurm.run("squeue", "--noheader", "--states=all", "--format=%j %T").count("COMPLETED")


def test_a_refusal_reaches_the_person(slurm: SlurmCluster, launch: TinyLaunch, tmp_path: Path):
    plan = launch.plan("refused", checks={"account": "project_1"})
    done = aqboard(slurm, "check", plan, "--db", tmp_path / "a.db", "--backend", "slurm", "--only", "cache.valid")
    assert done.returncode == 2
    assert "Slurm refused the job. The account does not exist" in done.stderr
    listed = aqboard(slurm, "sessions", "--db", tmp_path / "a.db")
    assert "failed" in listed.stdout


def test_started_and_left_alone_then_cancelled(slurm: SlurmCluster, launch: TinyLaunch, tmp_path: Path):
    db = tmp_path / "a.db"
    plan = launch.plan("left alone")
    begun = aqboard(slurm, "check", plan, "--db", db, "--backend", "slurm", "--no-wait", "--json")
    assert begun.returncode == 0, begun.stderr
    number = str(json.loads(begun.stdout)["session"])
    assert slurm.run("squeue", "--noheader", "--format=%j").startswith("aqboard-checks-")
    stopped = aqboard(slurm, "cancel", number, "--db", db)
    assert stopped.returncode == 0, stopped.stderr
