"""A signed launch on a real Slurm: rehearsed, submitted behind its canary, followed to its end, refused in words."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqboard.domain.errors import LaunchError
from aqboard.domain.signing.identity import Identity
from aqboard.domain.signing.signoff import Decision
from aqboard.jobs.follow import cancel, log_tail, refresh
from aqboard.jobs.job_words import in_words, refusals
from aqboard.jobs.rehearse import Refused, rehearse
from aqboard.jobs.settle import settle
from aqboard.jobs.slurm import Slurm
from aqboard.jobs.submit import submit
from aqboard.signing.decide import decide
from aqboard.store import Store
from aqboard.store.jobs import Jobs
from tests.slurm.launching import CANARY_DIES, LOG, MEET, Launch, signed
from tests.slurm_cluster import SlurmCluster, daemons, running

pytestmark = pytest.mark.slurm

ADA = {"person": Identity(person="Ada")}


@pytest.fixture(scope="module")
def big() -> Iterator[SlurmCluster]:
    """The story's cluster: 50 nodes x 8 GPUs that run, and two for canaries."""
    with running(real=50, dev=2) as cluster:
        yield cluster


@pytest.fixture
def cluster(big: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmCluster]:
    big.lead_here(monkeypatch)
    yield big
    big.cancel_all()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "board.db", create=True) as opened:
        yield opened


def end(launch: Launch, seconds: float = 60) -> list:
    """Follow the launch until every job is over; its jobs, newest first."""
    followed = []

    def over() -> bool:
        followed[:] = refresh(launch.store, launch.stored, Slurm()).jobs
        return all(record.over for record in followed)

    assert daemons.wait_for(over, seconds), [in_words(record) for record in followed]
    return followed


def test_the_storys_launch_is_accepted_as_signed(cluster, store):
    launch = signed(cluster, store, MEET, nodes=50, time="1-00:00:00", canary={})
    canary, main = rehearse(launch.stored, Slurm())
    assert (canary.faults, main.faults) == ((), ())
    assert "2 nodes of dev-g" in canary.words
    assert "50 nodes of standard-g" in main.words
    assert Jobs(store).of(launch.stored.attempt.uid) == ()


@pytest.mark.slow
def test_canary_then_400_tasks_that_see_the_right_rank_world_and_master(cluster, store):
    launch = signed(cluster, store, MEET, nodes=50, canary={})
    canary, main = submit(store, launch.number, Slurm(), **ADA)
    assert (canary.role, main.role, main.after) == ("canary", "launch", canary.job)
    ended, first = end(launch, 240)
    assert (first.last.state, ended.last.state) == ("COMPLETED", "COMPLETED"), log_tail(main) + log_tail(canary)
    assert first.last.end <= ended.last.start
    work = launch.store.path.parent / "work"
    for submission, nodes, said in ((canary, 2, "1"), (main, 50, None)):
        tasks = json.loads((work / f"ranks-{submission.job}.json").read_text())
        tasks.sort(key=lambda task: int(task["SLURM_PROCID"]))
        assert [int(task["SLURM_PROCID"]) for task in tasks] == list(range(nodes * 8))
        assert [int(task["SLURM_LOCALID"]) for task in tasks] == list(range(8)) * nodes
        assert len({task["SLURMD_NODENAME"] for task in tasks}) == nodes
        assert {task["SLURM_NTASKS"] for task in tasks} == {str(nodes * 8)}
        assert {task["MASTER_ADDR"] for task in tasks} == {tasks[0]["SLURMD_NODENAME"]}
        assert {task["MASTER_PORT"] for task in tasks} == {str(10000 + int(submission.job) % 20000)}
        assert {task["RANK"] for task in tasks} == {None}
        assert {task["AQBOARD_CANARY"] for task in tasks} == {said}
        assert {Path(task["AQBOARD_MANIFEST"]).parent for task in tasks} == {Path(submission.script).parent}


def test_losses_are_followed_and_belong_to_the_job_that_wrote_them(cluster, store):
    launch = signed(cluster, store, LOG, canary={})
    submit(store, launch.number, Slurm(), **ADA)
    main, canary = end(launch)
    assert [point.step for point in main.points] == [0, 10, 20, 30, 40, 50]
    assert main.points == canary.points, "both wrote six rows to the same file, one after the other"
    assert "ended well" in in_words(main)
    assert "16 tasks" in log_tail(main.submission)
    before = Jobs(store).of(launch.stored.attempt.uid)
    assert refresh(store, launch.stored, Slurm()).jobs == before, "nothing is stored twice"


def test_a_job_that_slurm_does_not_know_is_settled_and_one_that_waits_is_not(cluster, store):
    launch = signed(cluster, store, MEET)
    uid = launch.stored.attempt.uid
    (taken,) = submit(store, launch.number, Slurm(), **ADA)
    jobs, said = Jobs(store), {"state": "FAILED", "reason": "the controller lost its state", **ADA}
    with pytest.raises(LaunchError, match=f"Slurm knows job {taken.job}"):
        settle(store, taken.job, Slurm(), **said)
    cancel(store, taken.job, Slurm(), **ADA)
    end(launch)
    jobs.add(taken.model_copy(update={"job": "999999"}))
    with pytest.raises(Refused, match=r"job 999999 \(UNKNOWN\).*aqboard jobs settle 999999"):
        submit(store, launch.number, Slurm(), **ADA)
    settle(store, "999999", Slurm(), **said)
    assert in_words(jobs.of(uid)[0]).startswith("failed, as Ada said on ")
    (again,) = submit(store, launch.number, Slurm(), **ADA)
    assert again.job not in (taken.job, "999999")
    cancel(store, again.job, Slurm(), **ADA)


def test_a_canary_that_fails_keeps_the_launch_from_starting(cluster, store):
    launch = signed(cluster, store, CANARY_DIES, canary={})
    submit(store, launch.number, Slurm(), **ADA)
    main, canary = end(launch)
    assert canary.last.state == "FAILED"
    assert "failed with exit code" in in_words(canary)
    assert (main.last.state, main.last.nodes) == ("CANCELLED", "")
    assert in_words(main).startswith(f"never started: job {canary.submission.job} did not end well")
    assert log_tail(main.submission) == ""


def test_an_input_that_changes_in_the_queue_stops_the_job_with_40_before_any_task(cluster, store):
    launch = signed(cluster, store, MEET)
    cluster.run("scontrol", "update", "partitionname=standard-g", "state=down")
    try:
        (taken,) = submit(store, launch.number, Slurm(), **ADA)
        (launch.stored.attempt.plan.target.config).write_text("depth: 7\n")
    finally:
        cluster.run("scontrol", "update", "partitionname=standard-g", "state=up")
    (record,) = end(launch)
    assert (record.last.state, record.last.exit_code) == ("FAILED", 40)
    assert in_words(record) == "was stopped with exit code 40: a file is not the one that was signed"
    assert any("train.yaml" in why for why in refusals(taken))
    assert "nothing was started" in log_tail(taken)
    assert not list((store.path.parent / "work").glob("ranks-*"))


def test_a_no_go_reaches_a_job_that_waits_in_the_queue(cluster, store):
    launch = signed(cluster, store, MEET)
    cluster.run("scontrol", "update", "partitionname=standard-g", "state=down")
    try:
        (taken,) = submit(store, launch.number, Slurm(), **ADA)
        decide(store, launch.number, person="Grace", decision=Decision.NO_GO, comment="wait")
    finally:
        cluster.run("scontrol", "update", "partitionname=standard-g", "state=up")
    (record,) = end(launch)
    assert record.last.exit_code == 41
    assert any("withdrawn" in why for why in refusals(taken))
    with pytest.raises(Refused, match="GO is missing"):
        submit(store, launch.number, Slurm(), **ADA)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ({"partition": "gpu", "profile": "generic"}, "There is no partition gpu on this cluster"),
        ({"nodes": 61, "profile": "generic"}, "The number of nodes is more than this partition has or allows"),
        ({"time": "2-00:00:01", "profile": "generic"}, "The time is longer than this partition allows"),
        ({"account": "project_462000640"}, "The account does not exist, or may not use this partition"),
        (
            {"canary": {"partition": "dev-g", "nodes": 2, "time": "04:00:00"}, "profile": "generic"},
            "The canary: The time",
        ),
    ],
    ids=["partition", "nodes", "time", "account", "canary"],
)
def test_what_slurm_refuses_is_told_in_words_and_nothing_is_submitted(cluster, store, job, words):
    launch = signed(cluster, store, MEET, **job)
    with pytest.raises(Refused, match=words) as told:
        submit(store, launch.number, Slurm(), **ADA)
    assert "\n" not in told.value.message
    assert Jobs(store).of(launch.stored.attempt.uid) == ()
    assert not cluster.run("squeue", "--noheader", "--format=%A").split()


def test_a_launch_is_submitted_once_and_can_be_cancelled_and_submitted_again(cluster, store):
    launch = signed(cluster, store, "import time\ntime.sleep(600)\n", canary={})
    canary, main = submit(store, launch.number, Slurm(), **ADA)
    with pytest.raises(Refused, match=f"submitted already: job {main.job}"):
        submit(store, launch.number, Slurm(), **ADA)
    assert cancel(store, canary.job, Slurm(), **ADA) == canary
    records = end(launch)
    assert {record.last.state for record in records} == {"CANCELLED"}
    (again,) = submit(store, launch.number, Slurm(), **ADA, canary=False)
    assert again.after == ""
    cancel(store, again.job, Slurm(), **ADA)
