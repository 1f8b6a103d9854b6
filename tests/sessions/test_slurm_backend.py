"""What Slurm says of a job, as what it means for the session; and what Slurm is asked for."""

import sys
from pathlib import Path

import pytest

from aqboard.domain.errors import LaunchError, SessionError
from aqboard.domain.session.check_session import BackendStatus, CheckJob, CheckSession
from aqboard.jobs.slurm import Job, JobState, Slurm, SlurmError
from aqboard.launch.check_job import check_job
from aqboard.launch.profile import load_profile
from aqboard.sessions import folder as session_folder
from aqboard.sessions.backend import Handle
from aqboard.sessions.backends import slurm_job
from aqboard.sessions.backends.slurm import SlurmBackend, status_of
from tests import samples

GOLDEN = Path(__file__).parent / "golden"
JOB = CheckJob(account="project_1", partition="dev-g", time="00:30:00", gpus=1, gpu_request="gpus-per-node")


def job(state: JobState, **known: object) -> Job:
    return Job.model_validate({"id": "12", "state": state, "word": state.value, **known})


@pytest.mark.parametrize(
    ("known", "word", "why"),
    [
        (job(JobState.PENDING, reason="Priority"), "queued", "Slurm job 12 waits (Priority)"),
        (job(JobState.PENDING), "queued", "Slurm job 12 waits"),
        (
            job(JobState.PENDING, word="CONFIGURING", nodes="nid1"),
            "queued",
            "Slurm job 12 has nid1, which is being made ready",
        ),
        (job(JobState.RUNNING), "running", ""),
        (job(JobState.SUSPENDED), "running", "Slurm has suspended job 12; it goes on when Slurm lets it"),
        (job(JobState.COMPLETED, exit_code=0), "ended", "ended with code 0"),
        (
            job(JobState.FAILED, exit_code=1, reason="NonZeroExitCode"),
            "ended",
            "ended with code 1 (NonZeroExitCode)",
        ),
        (
            job(JobState.FAILED, exit_code=74, reason="NonZeroExitCode"),
            "ended",
            "could not write into its folder (exit code 74, supervisor.log says why)",
        ),
        (
            job(JobState.FAILED, exit_code=0, signal=9),
            "ended",
            "was killed by signal 9 (SIGKILL), most often because its job or its node ran out of memory "
            "(raise checks.memory)",
        ),
        (job(JobState.FAILED, exit_code=139), "ended", "was killed by signal 11 (SIGSEGV)"),
        (job(JobState.FAILED, signal=99), "ended", "was killed by signal 99 (not known here)"),
        (
            job(JobState.TIMEOUT, time_limit="30:00"),
            "ended",
            "was ended by Slurm at its time limit of 30:00; raise checks.time",
        ),
        (
            job(JobState.OUT_OF_MEMORY),
            "ended",
            "was killed by Slurm because its job used more memory than it had asked for (raise checks.memory)",
        ),
        (job(JobState.PREEMPTED), "ended", "was ended by Slurm to make room for another job"),
        (job(JobState.CANCELLED), "cancelled", "was cancelled through Slurm (job 12)"),
        (job(JobState.NODE_FAIL, nodes="nid1"), "lost", "was lost when its node nid1 failed (Slurm job 12)"),
        (job(JobState.UNKNOWN, word=""), "lost", "is gone: Slurm no longer knows job 12"),
        (
            job(JobState.UNKNOWN, word="LEVITATING"),
            "unknown",
            "Slurm calls job 12 LEVITATING, a word not known here",
        ),
    ],
    ids=str,
)
def test_every_state_has_its_meaning(known, word, why):
    assert status_of(known) == BackendStatus(word=word, why=why)


class Asked(Slurm):
    """Counts how often it is asked, and gives what it is told to."""

    def __init__(self, *answers: Job | SlurmError) -> None:
        super().__init__()
        object.__setattr__(self, "answers", list(answers))

    def job(self, job: str) -> Job:
        answer = self.answers.pop(0)
        if isinstance(answer, SlurmError):
            raise answer
        return answer

    def cancel(self, job: str) -> None:
        raise SlurmError("It belongs to somebody else.")


HANDLE = Handle(backend="slurm", host="uan01", job="12")


def test_slurm_is_asked_once_in_a_while():
    backend = SlurmBackend(Asked(job(JobState.RUNNING)), look_s=60.0)
    assert {backend.look(HANDLE).word for _ in range(5)} == {"running"}
    always = SlurmBackend(Asked(job(JobState.RUNNING), job(JobState.COMPLETED)), look_s=-1.0)
    assert [always.look(HANDLE).word for _ in range(2)] == ["running", "ended"]


def test_a_silent_slurm_changes_nothing():
    backend = SlurmBackend(Asked(SlurmError("Slurm's controller does not answer.")))
    assert backend.look(HANDLE) == BackendStatus(word="unknown", why="Slurm's controller does not answer.")


def test_a_cancellation_that_is_not_possible_is_told():
    with pytest.raises(SessionError, match=r"The job 12 was not cancelled\. It belongs to somebody else\."):
        SlurmBackend(Asked()).cancel(HANDLE)


def session(folder: Path, **resources: object) -> Path:
    of = CheckSession(
        attempt="0" * 32,
        backend="slurm",
        requested_by="Ada",
        checks=(),
        probes=("file",),
        limits={"file": 60.0},
        resources={**JOB.model_dump(mode="json"), **resources},
    )
    session_folder.create(folder, of, samples.attempt())
    return folder


def test_resources_that_are_none_are_refused(tmp_path):
    with pytest.raises(SessionError, match=r"This is no job for the checks: time: Input should be a valid string"):
        SlurmBackend().start(session(tmp_path / "session", time=30))


def test_where_slurm_is_not_installed_nothing_is_started(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SessionError, match="Slurm is not installed here"):
        SlurmBackend().start(session(tmp_path / "session"))


@pytest.mark.parametrize("name", ["100%j", "a\ntouch x"])
def test_a_folder_that_slurm_would_misread_is_refused(tmp_path, name):
    with pytest.raises(SessionError, match="Slurm would misread the folder"):
        SlurmBackend().start(session(tmp_path / name))


SBATCH = """#!/bin/sh
[ -z "$SBATCH_ACCOUNT" ] || exit 9
cp "$1" "$(dirname "$0")/submitted"
echo "Submitted batch job 17"
"""


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """Programs in the place of Slurm's, which keep what they are given."""
    for name, text in (("sbatch", SBATCH), ("srun", "")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SBATCH_ACCOUNT", "somebody's")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "resources"),
    [
        ("usual", {"cpus": 7, "memory": "60G", "time": "0-00:30:30"}),
        (
            "container",
            {
                "gpu_request": "gres",
                "gpus": 2,
                "python": "/opt/their env/bin/python",
                "container": ["singularity", "exec", "--rocm", "$(touch x).sif"],
            },
        ),
        ("without_gpu", {"gpus": 0, "partition": "small", "container": ["apptainer", "exec", "image.sif"]}),
    ],
)
def test_the_whole_batch_script(stub, name, resources):
    handle = SlurmBackend().start(session(stub / "a session's folder", **resources))
    assert (handle.job, handle.backend) == ("17", "slurm")
    said = (stub / "submitted").read_text().replace(str(stub), "/STUB").replace(sys.executable, "/PYTHON")
    lines = ["#SBATCH --job-name=NAME" if line.startswith("#SBATCH --job-name=") else line for line in said.split("\n")]
    assert "\n".join(lines) == (GOLDEN / f"slurm_{name}.sh").read_text()


@pytest.mark.parametrize(
    ("sbatch", "words"),
    [
        ("#!/bin/sh\nexit 124\n", "Slurm does not answer: sbatch was stopped after 60 s.*squeue --me"),
        ("#!/bin/sh\necho all is well\n", "its answer is not understood"),
        ("#!/bin/sh\necho 'Unable to contact slurm controller' >&2\nexit 1\n", "^Slurm's controller does not answer"),
        ("#!/bin/sh\necho 'sbatch: error: Invalid qos specification' >&2\nexit 1\n", r"quality of service.*--qos"),
    ],
)
def test_what_goes_wrong_with_sbatch_is_told(stub, sbatch, words):
    (stub / "sbatch").write_text(sbatch)
    with pytest.raises(SessionError, match=words):
        SlurmBackend().start(session(stub / "session"))


def test_the_job_becomes_the_session_and_knows_of_no_ranks(tmp_path, monkeypatch):
    became = []
    monkeypatch.setattr(slurm_job.os, "execve", lambda *words: became.append(words))
    monkeypatch.setattr(slurm_job.os, "dup2", lambda *_: None)
    for name in ("SLURM_JOB_ID", "SLURM_PROCID", "SLURM_NTASKS", "SUBMITIT_EXECUTOR", "ROCR_VISIBLE_DEVICES"):
        monkeypatch.setenv(name, "1")
    slurm_job.become_session(str(tmp_path))
    ((program, words, environment),) = became
    assert words[0] == program
    assert words[1:] == ("-P", "-m", "aqboard.sessions.supervisor", str(tmp_path))
    kept = {name for name in environment if name.startswith(("SLURM_", "SUBMITIT_", "ROCR_"))}
    assert kept == {"SLURM_JOB_ID", "ROCR_VISIBLE_DEVICES"}
    assert (tmp_path / "supervisor.log").exists()


def test_on_lumi_checks_take_an_eighth_of_a_node_of_dev_g():
    asked = check_job(samples.plan(), load_profile("lumi-g"))
    assert asked.model_dump() == {
        "account": "project_465000001",
        "partition": "dev-g",
        "time": "0-00:30:00",
        "gpus": 1,
        "gpu_request": "gpus-per-node",
        "cpus": 7,
        "memory": "60G",
        "python": None,
        "container": (),
    }


def test_the_plan_has_the_last_word():
    checks = {"account": "project_2", "partition": "small-g", "time": "02:00:00", "gpus": 2, "memory": "120G"}
    asked = check_job(samples.plan(checks=checks), load_profile("lumi-g"))
    assert {name: getattr(asked, name) for name in checks} == checks
    assert asked.cpus is None, "of a partition it does not name, the profile says nothing"


def test_a_cluster_that_nobody_has_described_gives_a_share_of_the_launchs_partition():
    cluster = {**samples.plan_document()["cluster"], "profile": "leonardo", "partition": "boost_usr_prod"}
    asked = check_job(samples.plan(cluster=cluster), load_profile("leonardo"))
    assert (asked.partition, asked.gpus, asked.gpu_request, asked.cpus, asked.memory) == (
        "boost_usr_prod",
        1,
        "gres",
        8,
        None,
    )


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ({"time": "04:00:00"}, r"checks\.time: 4 h are more than dev-g allows \(3 h\)"),
        ({"time": "00:00:00"}, r"checks\.time: 00:00:00 means no limit at all"),
    ],
)
def test_a_time_that_cannot_be_is_refused_before_anything_is_stored(checks, words):
    with pytest.raises(LaunchError, match=words):
        check_job(samples.plan(checks=checks), load_profile("lumi-g"))


@pytest.mark.parametrize(
    "checks",
    [{"memory": "60"}, {"gpus": 17}, {"cpus": 0}, {"partition": "a b"}, {"time": "1 h"}, {"python": "python3"}],
)
def test_a_faulty_section_is_refused(checks):
    with pytest.raises(ValueError, match=next(iter(checks))):
        samples.plan(checks=checks)
