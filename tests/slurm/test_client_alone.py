"""The client where there is no Slurm, or where other programs stand in its place."""

import os
from pathlib import Path

import pytest

from aqboard.jobs.slurm import JobState, Slurm, SlurmError, surroundings


def test_where_slurm_is_not_installed_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for ask in (lambda: Slurm().jobs(["1"]), lambda: Slurm().cancel("1"), lambda: Slurm().submit(tmp_path / "a.sh")):
        with pytest.raises(SlurmError, match="Slurm is not installed here: there is no") as told:
            ask()
        assert told.value.code == "slurm-missing"


@pytest.mark.parametrize("job", ["", "1;2", "-1", "1,2", "--user=root", "1\n", "\u0661"])
def test_only_a_number_is_a_job(job):
    for ask in (lambda: Slurm().cancel(job), lambda: Slurm().jobs([job])):
        with pytest.raises(SlurmError, match="is not the number of a Slurm job"):
            ask()


def test_asked_about_nothing_slurm_is_not_asked(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert Slurm().jobs([]) == {}


def test_what_leads_to_slurm_is_kept_and_the_rest_dropped(monkeypatch):
    for name in ("SLURM_CONF", "SLURM_JOB_ID", "SLURMD_NODENAME", "SBATCH_ACCOUNT", "SLURMLIKE"):
        monkeypatch.setenv(name, "x")
    kept = {name for name in surroundings() if name.startswith(("SLURM", "SBATCH"))}
    assert kept == {"SLURM_CONF", "SLURMLIKE"}


def accounting(folder: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    """Programs in the place of Slurm's; the cluster for tests has no accounting daemon."""
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


FORGOT = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1"


def test_what_squeue_has_forgotten_is_asked_of_accounting(tmp_path, monkeypatch):
    answer = "echo '12|TIMEOUT|0:0|nid1|00:30:00|2026-11-25T10:35:45|2026-11-25T11:05:45'"
    accounting(tmp_path, monkeypatch, squeue=FORGOT, sacct=answer)
    assert {job: found.state for job, found in Slurm().jobs(["12", "13"]).items()} == {
        "12": JobState.TIMEOUT,
        "13": JobState.UNKNOWN,
    }


@pytest.mark.parametrize("sacct", ["echo 'Slurm accounting storage is disabled' >&2; exit 1", "sleep 60"])
def test_without_accounting_a_forgotten_job_is_unknown(tmp_path, monkeypatch, sacct):
    accounting(tmp_path, monkeypatch, squeue=FORGOT, sacct=f"exec {sacct}" if sacct[0] == "s" else sacct)
    assert Slurm(1.0).job("12").state is JobState.UNKNOWN
