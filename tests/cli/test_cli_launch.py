"""`aqboard launch` and `aqboard jobs`: exit codes, words, and JSON."""

import json

import pytest
from typer.testing import CliRunner

import aqboard.jobs.slurm
from aqboard.cli import app
from aqboard.domain.signing.signoff import Decision
from aqboard.jobs.slurm import JobState
from aqboard.signing.decide import decide
from aqboard.store import Store
from tests.sample_attempts import fill
from tests.sample_jobs import REASON, add_jobs
from tests.told_slurm import Told


@pytest.fixture
def board(tmp_path, monkeypatch):
    """(database, number of a signed attempt, number of one that is not READY)."""
    database = tmp_path / "board.db"
    with Store(database, create=True) as store:
        numbers = fill(store, tmp_path / "in")
        decide(store, numbers["fixed"], person="Ada", decision=Decision.GO)
    monkeypatch.setenv("AQBOARD_DB", str(database))
    return database, numbers["fixed"], numbers["as_found"]


@pytest.fixture
def slurm(monkeypatch):
    told = Told()
    monkeypatch.setattr(aqboard.jobs.slurm, "Slurm", lambda: told)
    return told


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_dry_run_asks_slurm_and_submits_nothing(board, slurm):
    done = run("launch", board[1], "--dry-run")
    assert done.exit_code == 0, done.output
    assert "✔ launch: Slurm would start it." in done.stdout
    assert "Nothing was submitted." in done.stdout
    assert slurm.submitted == []


def test_a_signed_launch_is_submitted_and_then_followed(board, slurm):
    done = run("launch", board[1], "--json")
    assert done.exit_code == 0, done.output
    (taken,) = json.loads(done.stdout)["submitted"]
    assert (taken["job"], taken["role"], taken["identified_by"]) == ("1", "launch", "os-user")
    shown = run("jobs", board[1])
    assert shown.exit_code == 0
    assert "PENDING" in shown.stdout
    assert "waits in the queue" in shown.stdout


def test_what_is_not_signed_is_refused_with_1_and_every_reason(board, slurm):
    done = run("launch", board[2])
    assert done.exit_code == 1
    assert "refused: The attempt is NOT READY" in done.stderr
    assert "GO is missing" in done.stderr
    reasons = json.loads(run("launch", board[2], "--json").stdout)["reasons"]
    assert len(reasons) >= 2
    assert slurm.submitted == []


def test_without_slurm_the_answer_is_2_cannot_tell(board, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    done = run("launch", board[1])
    assert done.exit_code == 2
    assert "Slurm is not installed here" in done.stderr


def test_a_stopped_launch_ends_jobs_with_1_and_says_why(board, slurm):
    with Store(board[0]) as store:
        add_jobs(store, board[1], "stopped")
    done = run("jobs", board[1])
    assert done.exit_code == 1
    shown = " ".join(done.stdout.split())
    assert "was stopped by the" in shown
    assert all(word in shown for word in ("→", "0.964,", "<b>See</b>", *REASON.split()[-2:]))
    (launch, canary) = json.loads(run("jobs", "show", board[1], "--json").stdout)
    assert (launch["number"], launch["last"]["state"], canary["last"]["state"]) == (board[1], "FAILED", "COMPLETED")
    assert run("jobs").exit_code == 1, "without a number: every launched attempt"


def test_cancel_reaches_slurm_and_the_audit_log(board, slurm):
    with Store(board[0]) as store:
        add_jobs(store, board[1], "running")
    assert run("jobs", "cancel", "1002").exit_code == 0
    assert slurm.cancelled == ["1002"]
    with Store(board[0]) as store:
        (action,) = store.db.execute("SELECT action FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    assert action == "job cancelled"
    unknown = run("jobs", "cancel", "77")
    assert unknown.exit_code == 2
    assert "was not submitted from this board" in unknown.stderr


def test_cancel_tells_a_script_what_it_cancelled(board, slurm):
    with Store(board[0]) as store:
        add_jobs(store, board[1], "running")
    assert f"the launch of attempt {board[1]}." in run("jobs", "cancel", "1002").stdout
    assert json.loads(run("jobs", "cancel", "1002", "--json").stdout)["job"] == "1002"


def test_a_forgotten_job_is_settled_by_a_person_and_no_longer_followed(board, slurm):
    with Store(board[0]) as store:
        add_jobs(store, board[1], "running")
    slurm.states["1002"] = JobState.UNKNOWN
    followed = run("jobs", board[1], "--follow")
    assert (followed.exit_code, "`aqboard jobs settle 1002`" in " ".join(followed.stdout.split())) == (0, True)
    done = run("jobs", "settle", "1002", "--as", "failed", "--reason", "the [b]node[/b] burnt down")
    assert done.exit_code == 0, done.output
    assert "job 1002 counts as failed, because " in done.stdout
    assert "says so: the [b]node[/b] burnt down" in done.stdout
    shown = run("jobs", board[1])
    assert shown.exit_code == 1, "a launch that ended badly"
    assert "FAILED" in shown.stdout
    assert "[b]node[/b]" in shown.stdout
    (launch, _) = json.loads(run("jobs", board[1], "--json").stdout)
    assert (launch["state"], launch["last"]["state"], launch["settlement"]["reason"]) == (
        "FAILED", "UNKNOWN", "the [b]node[/b] burnt down",
    )  # fmt: skip
    assert launch["in_words"].endswith(": the [b]node[/b] burnt down. Slurm has forgotten it")
    told = json.loads(run("jobs", "settle", "1002", "--as", "completed", "--reason", "its log", "--json").stdout)
    assert (told["state"], told["identified_by"]) == ("COMPLETED", "os-user")
    assert run("jobs", board[1]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("1002", "--as", "failed", "--reason", "x"), "Slurm knows job 1002, and says PENDING"),
        (("1002", "--as", "failed", "--reason", " "), "Nothing was recorded. reason: "),
        (("77", "--as", "failed", "--reason", "x"), "was not submitted from this board"),
        (("1002", "--as", "vanished", "--reason", "x"), "vanished"),
        (("1002", "--as", "failed"), "--reason"),
    ],
)
def test_what_cannot_be_settled_is_2_and_leaves_nothing(board, slurm, arguments, words):
    with Store(board[0]) as store:
        add_jobs(store, board[1], "running")
    done = run("jobs", "settle", *arguments)
    assert (done.exit_code, words in " ".join(done.stderr.split())) == (2, True)
    with Store(board[0]) as store:
        assert store.db.execute("SELECT count(*) FROM job_settlements").fetchone() == (0,)


def test_no_jobs_yet(board, slurm):
    done = run("jobs")
    assert (done.exit_code, "No jobs." in done.stdout) == (0, True)
