"""The client against a real Slurm with LUMI's partitions and limits."""

import socket
from pathlib import Path

import pytest

from aqboard.jobs.slurm import JobState, Slurm, SlurmError
from tests.slurm_cluster import ACCOUNT

pytestmark = pytest.mark.slurm

WELL = {"account": ACCOUNT, "partition": "standard-g", "nodes": 2, "time": "1-00:00:00", "gpus-per-node": 8}


def script(folder: Path, *commands: str, text: str | None = None, **directives: object) -> Path:
    """A batch script; a directive that is None is left out."""
    wanted = {name: value for name, value in {**WELL, **directives}.items() if value is not None}
    lines = ["#!/bin/bash", *(f"#SBATCH --{name}={value}" for name, value in wanted.items()), *commands]
    path = folder / "job.sh"
    path.write_bytes(("\n".join(lines) + "\n" if text is None else text).encode())
    return path


def small(folder: Path, *commands: str, **directives: object) -> Path:
    """A script for one core of one node."""
    asked = {"nodes": 1, "gpus-per-node": None, "partition": "dev-g", "time": "00:10:00", "mem": "1G", **directives}
    return script(folder, *commands, **asked)


def test_the_launch_of_400_gpus_fits(slurm, tmp_path):
    trial = Slurm().test_only(script(tmp_path, "srun true", nodes=50))
    assert trial.accepted, trial.said
    assert len(trial.placement.nodes) == 50
    assert trial.placement.partition == "standard-g"
    assert not slurm.run("squeue", "--noheader"), "nothing was submitted"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"partition": "gpu"}, "There is no partition gpu"),
        ({"partition": None}, "No partition is named"),
        ({"account": "project_1"}, "The account does not exist"),
        ({"account": None}, "The account does not exist"),
        ({"nodes": 61}, "The number of nodes is more than"),
        ({"partition": "small-g", "nodes": 5}, "The number of nodes is more than"),
        ({"time": "2-00:00:01"}, "The time is longer than"),
        ({"partition": "dev-g", "nodes": 1, "time": "04:00:00"}, "The time is longer than"),
        ({"gpus-per-node": 9}, "No node of this partition has what is asked for"),
        ({"mem": "600G"}, "No node of this partition has what is asked for"),
        ({"cpus-per-task": 113}, "No node of this partition has what is asked for"),
        ({"gres": "tpu:1"}, "The GPUs asked for do not exist here"),
        ({"constraint": "fast"}, "--constraint"),
        ({"reservation": "mine"}, "The reservation does not exist"),
        ({"nodelist": "nid9"}, "does not exist here"),
        ({"time": "soon"}, "The time cannot be read"),
        ({"mem": "much"}, "--mem"),
        ({"nods": 3}, "Slurm knows no option --nods=3"),
        ({"text": "#!/bin/bash\r\nsrun true\r\n"}, "Windows line ends"),
        ({"text": "srun true\n"}, "let it begin with #!/bin/bash"),
        ({"text": ""}, "The script is empty"),
        ({"text": "#!/bin/bash\n#SBATCH nodes=1\n"}, "An #SBATCH line holds nodes=1"),
    ],
    ids=str,
)
def test_a_refusal_is_told_in_words(slurm, tmp_path, changes, words):
    trial = Slurm().test_only(script(tmp_path, "srun true", **changes))
    assert not trial.accepted
    assert words in trial.words, trial.said
    assert "Slurm says" not in trial.words


def test_a_script_that_is_not_there_is_told(slurm, tmp_path):
    assert "gone.sh cannot be opened" in Slurm().test_only(tmp_path / "gone.sh").words


def test_options_win_over_the_script(slurm, tmp_path):
    trial = Slurm().test_only(script(tmp_path, "srun true"), "--nodes=3")
    assert len(trial.placement.nodes) == 3


def test_settings_of_this_shell_do_not_win_over_the_script(slurm, tmp_path, monkeypatch):
    monkeypatch.setenv("SBATCH_PARTITION", "small-g")
    monkeypatch.setenv("SLURM_TIME_FORMAT", "relative")
    assert Slurm().test_only(script(tmp_path, "srun true")).placement.partition == "standard-g"


def test_a_job_that_exits_and_one_that_follows_a_good_one(slurm, tmp_path):
    bad = Slurm().submit(small(tmp_path, "exit 7"), folder=slurm.work)
    assert Slurm().job(bad).state in (JobState.PENDING, JobState.RUNNING, JobState.FAILED)
    slurm.wait(bad, "FAILED")
    assert (Slurm().job(bad).state, Slurm().job(bad).exit_code) == (JobState.FAILED, 7)
    good = Slurm().submit(small(tmp_path, "sleep 1; hostname"), folder=slurm.work)
    after_good = Slurm().submit(small(tmp_path, "true"), after_ok=good, folder=slurm.work)
    assert Slurm().job(after_good).reason == "Dependency"
    after_bad = Slurm().submit(small(tmp_path, "true"), after_ok=bad, folder=slurm.work)
    slurm.wait(after_good, "COMPLETED")
    slurm.wait(after_bad, "CANCELLED")
    states = {job: found.state for job, found in Slurm().jobs([good, after_good, after_bad, "999999"]).items()}
    assert states == {
        good: JobState.COMPLETED,
        after_good: JobState.COMPLETED,
        after_bad: JobState.CANCELLED,
        "999999": JobState.UNKNOWN,
    }
    assert (slurm.work / f"slurm-{good}.out").exists()


def test_a_running_job_is_cancelled_and_again_is_no_error(slurm, tmp_path):
    job = Slurm().submit(small(tmp_path, "sleep 600"), folder=slurm.work)
    slurm.wait(job, "RUNNING")
    Slurm().cancel(job)
    slurm.wait(job, "CANCELLED")
    assert Slurm().job(job).state is JobState.CANCELLED
    Slurm().cancel(job)
    Slurm().cancel("999999")


def test_a_refused_submission_is_an_error_in_words(slurm, tmp_path):
    with pytest.raises(SlurmError, match="There is no partition gpu") as told:
        Slurm().submit(script(tmp_path, "srun true", partition="gpu"))
    assert told.value.code == "slurm-refused"


def test_a_folder_that_is_not_there_is_told(slurm, tmp_path):
    with pytest.raises(SlurmError, match="sbatch cannot be started in /nowhere: No such file"):
        Slurm().submit(script(tmp_path, "true"), folder=Path("/nowhere"))


def test_a_controller_that_is_gone_is_told(slurm, tmp_path, monkeypatch):
    """Nothing listens at its port: the commands try again for a minute, we do not wait as long."""
    lost = tmp_path / "slurm.conf"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = slurm.conf.read_text().splitlines()
    lost.write_text("\n".join(f"SlurmctldPort={port}" if "SlurmctldPort" in line else line for line in lines))
    (tmp_path / "gres.conf").write_text((slurm.folder / "gres.conf").read_text())
    monkeypatch.setenv("SLURM_CONF", str(lost))
    for ask in (
        lambda: Slurm(1.0).jobs(["1"]),
        lambda: Slurm(1.0).cancel("1"),
        lambda: Slurm(1.0).test_only(script(tmp_path, "true")),
        lambda: Slurm(1.0).submit(script(tmp_path, "true")),
    ):
        with pytest.raises(SlurmError, match="does not answer") as told:
            ask()
        assert told.value.code == "slurm-silent"
    assert "may have taken the job all the same" in told.value.message, "of submit, the last one"


def test_without_its_configuration_slurm_is_not_to_be_found(slurm, tmp_path, monkeypatch):
    monkeypatch.delenv("SLURM_CONF")
    with pytest.raises(SlurmError, match="set SLURM_CONF") as told:
        Slurm(5.0).test_only(script(tmp_path, "true"))
    assert told.value.code == "slurm-silent"
