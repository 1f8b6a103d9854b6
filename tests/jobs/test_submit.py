"""Submitting when Slurm does not play along, by a Slurm that answers as it is told; the real one is in tests/slurm."""

from datetime import timedelta

import pytest

from aqboard.domain.errors import LaunchError
from aqboard.domain.signing.identity import Identity
from aqboard.domain.signing.signoff import Decision
from aqboard.jobs.rehearse import Refused, differences, rehearse, too_late
from aqboard.jobs.submit import submit
from aqboard.signing.decide import decide
from aqboard.store.jobs import Jobs
from tests.jobs.launched import attempt, go
from tests.told_slurm import Told, trial

ADA = Identity(person="Ada")


def test_canary_first_and_the_launch_behind_it(store):
    number, slurm = attempt(store, canary={}), Told()
    go(store, number)
    taken = submit(store, number, slurm, person=ADA)
    assert slurm.submitted == [("canary.sbatch", None), ("launch.sbatch", "1")]
    assert [(part.role, part.job, part.after) for part in taken] == [("canary", "1", ""), ("launch", "2", "1")]
    assert tuple(record.submission for record in Jobs(store).of(taken[0].attempt)) == taken[::-1]
    actions = store.db.execute("SELECT action, actor, subject FROM audit ORDER BY seq DESC LIMIT 2").fetchall()
    assert actions == [("job submitted", "Ada", f"attempt {number}")] * 2


def test_without_canary_when_asked(store):
    number, slurm = attempt(store, canary={}), Told()
    go(store, number)
    submit(store, number, slurm, person=ADA, canary=False)
    assert slurm.submitted == [("launch.sbatch", None)]


@pytest.mark.parametrize("signed", [False, True], ids=["nobody said GO", "a NO-GO took it back"])
def test_what_is_not_signed_is_refused_before_slurm_is_asked(store, signed):
    number, slurm = attempt(store), Told()
    if signed:
        go(store, number)
        decide(store, number, person="Grace", decision=Decision.NO_GO)
    with pytest.raises(Refused, match="GO is missing"):
        submit(store, number, slurm, person=ADA)
    with pytest.raises(Refused):
        rehearse(store.attempt(number), slurm)
    assert slurm.submitted == []


def test_a_changed_input_is_refused(store):
    number, slurm = attempt(store), Told()
    go(store, number)
    (store.path.parent / "in" / "train.yaml").write_text("depth: 7\n")
    with pytest.raises(Refused, match=r"train\.yaml has changed since it was checked"):
        submit(store, number, slurm, person=ADA)


@pytest.mark.parametrize("name", ["launch.sbatch", "canary/canary.sbatch"])
@pytest.mark.parametrize("what", ["changed", "gone"])
def test_a_script_that_is_not_the_signed_one_is_refused(store, name, what):
    number, slurm = attempt(store, canary={}), Told()
    script = go(store, number).parent / name
    if what == "changed":
        script.write_text(script.read_text().replace("--no-requeue", "--requeue"))
    else:
        script.unlink()
    with pytest.raises(Refused, match=r"was changed after it was signed|cannot be read"):
        submit(store, number, slurm, person=ADA)
    assert slurm.submitted == []


def test_half_a_launch_is_taken_back(store):
    number, slurm = attempt(store, canary={}), Told(refuse_from=2)
    go(store, number)
    with pytest.raises(LaunchError, match=r"The project's limits.* The canary, job 1, was cancelled again"):
        submit(store, number, slurm, person=ADA)
    assert slurm.cancelled == ["1"]


def test_a_job_that_cannot_be_taken_back_is_named(store):
    number, slurm = attempt(store, canary={}), Told(refuse_from=2, code="slurm-silent", forgets=True)
    go(store, number)
    with pytest.raises(LaunchError, match=r"`scancel 1`.*look with `squeue --me`"):
        submit(store, number, slurm, person=ADA)


def test_two_at_the_same_time_do_not_submit_twice(store):
    import fcntl

    number, slurm = attempt(store), Told()
    script = go(store, number)
    with script.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="Somebody else is submitting"):
            submit(store, number, slurm, person=ADA)
    submit(store, number, slurm, person=ADA)
    with pytest.raises(Refused, match=r"submitted already: job 1 \(PENDING\), by Ada"):
        submit(store, number, slurm, person=ADA)
    assert len(slurm.submitted) == 1


def test_a_start_after_the_approvals_end_is_told_and_not_refused(store):
    number = attempt(store)
    go(store, number)
    expected = trial(50, "standard-g").placement.start.astimezone()
    assert too_late(trial(50, "standard-g"), expected + timedelta(minutes=1)) == ""
    assert too_late(trial(50, "standard-g"), None) == ""
    told = too_late(trial(50, "standard-g"), expected)
    assert told.startswith("By then the approvals have expired (on 2026-11-25 ")

    class Late(Told):
        def test_only(self, script, *, folder):
            answer = trial(50, "standard-g")
            placed = answer.placement.model_copy(update={"start": answer.placement.start + timedelta(days=400)})
            return answer.model_copy(update={"placement": placed})

    (part,) = rehearse(store.attempt(number), Late())
    assert "the job will refuse to start" in part.words
    assert part.faults == ()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (trial(49, "standard-g"), "signed for 50 nodes, Slurm would give 49"),
        (trial(50, "small-g"), "signed for partition standard-g, Slurm would use small-g"),
        (trial(50, "standard-g", processors=200), "has 400 tasks, Slurm would give them 200 processors"),
    ],
)
def test_what_slurm_would_do_otherwise_than_signed_is_told(store, answer, words):
    cluster = store.attempt(attempt(store)).attempt.plan.cluster
    (told,) = differences("launch", answer, cluster)
    assert words in told
    assert not list(differences("launch", trial(50, "standard-g"), cluster))
