"""A job that Slurm has forgotten blocks the next one until a person says, on the record, how it ended."""

import pytest

from aqboard.domain.errors import LaunchError, StoreError
from aqboard.domain.signing.identity import Identity
from aqboard.jobs.follow import refresh
from aqboard.jobs.job_words import in_words
from aqboard.jobs.rehearse import Refused
from aqboard.jobs.settle import settle
from aqboard.jobs.slurm import JobState
from aqboard.jobs.submit import submit
from aqboard.signing.audit import verified
from aqboard.store.jobs import Jobs
from tests.jobs.launched import attempt, go
from tests.told_slurm import Told

ADA = Identity(person="Ada")
GRACE = Identity(person="Grace", subject="grace", identified_by="account")


@pytest.fixture
def slurm():
    return Told()


@pytest.fixture
def forgotten(store, slurm):
    """The number of an attempt whose job 1 Slurm has forgotten."""
    number = attempt(store)
    go(store, number)
    submit(store, number, slurm, person=ADA)
    slurm.states["1"] = JobState.UNKNOWN
    refresh(store, store.attempt(number), slurm)
    return number


def only_job(store, number):
    (record,) = Jobs(store).of(store.attempt(number).attempt.uid)
    return record


def test_it_blocks_and_says_what_to_type(store, slurm, forgotten):
    assert "`aqboard jobs settle 1` records what you know" in in_words(only_job(store, forgotten))
    with pytest.raises(Refused, match=r"job 1 \(UNKNOWN\).*`aqboard jobs settle 1 --as failed --reason \.\.\.`"):
        submit(store, forgotten, slurm, person=ADA)


def test_a_persons_word_ends_it_is_told_in_the_log_and_lets_the_next_one_through(store, slurm, forgotten):
    said = settle(store, "1", slurm, person=GRACE, state="FAILED", reason=" the node burnt down. ")
    record = only_job(store, forgotten)
    assert (record.state, record.over, record.settled) == ("FAILED", True, said)
    assert in_words(record).startswith("failed, as Grace said on ")
    assert in_words(record).endswith(" UTC: the node burnt down. Slurm has forgotten it")
    assert Jobs(store).newest()[record.submission.attempt][:2] == ("1", "FAILED")
    last = store.db.execute("SELECT action, actor, identified_by, detail FROM audit ORDER BY seq DESC").fetchone()
    assert last[:3] == ("job settled", "Grace (grace)", "account")
    assert "the node burnt down." in last[3]
    assert verified(store).faults == ()
    submit(store, forgotten, slurm, person=ADA)
    assert len(slurm.submitted) == 2


def test_a_later_word_replaces_an_earlier_one(store, slurm, forgotten):
    settle(store, "1", slurm, person=GRACE, state="FAILED", reason="so I heard")
    settle(store, "1", slurm, person=ADA, state="COMPLETED", reason="its log says so")
    assert only_job(store, forgotten).state == "COMPLETED"


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.RUNNING, JobState.COMPLETED])
def test_of_a_job_that_slurm_knows_nobody_else_is_asked(store, slurm, forgotten, state):
    slurm.states["1"] = state
    with pytest.raises(LaunchError, match=f"Slurm knows job 1, and says {state}"):
        settle(store, "1", slurm, person=GRACE, state="FAILED", reason="I want it gone")
    assert only_job(store, forgotten).settlement is None


def test_when_slurm_remembers_its_word_counts_and_a_running_job_blocks_again(store, slurm, forgotten):
    settle(store, "1", slurm, person=GRACE, state="FAILED", reason="so I heard")
    slurm.states["1"] = JobState.RUNNING
    with pytest.raises(Refused, match=r"submitted already: job 1 \(RUNNING\)"):
        submit(store, forgotten, slurm, person=ADA)
    record = only_job(store, forgotten)
    assert (record.state, record.over, record.settled) == ("RUNNING", False, None)


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 2001])
def test_without_a_reason_nothing_is_recorded(store, slurm, forgotten, reason):
    with pytest.raises(LaunchError, match=r"Nothing was recorded\. reason: "):
        settle(store, "1", slurm, person=GRACE, state="FAILED", reason=reason)
    assert only_job(store, forgotten).settlement is None


@pytest.mark.parametrize("job", ["77", "1; scancel 2", ""])
def test_a_job_that_was_not_submitted_from_here(store, slurm, forgotten, job):
    with pytest.raises(StoreError, match="was not submitted from this board"):
        settle(store, job, slurm, person=GRACE, state="FAILED", reason="x")
