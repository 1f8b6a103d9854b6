"""A verdict is read from a folder that the job can write to: nothing in it may surprise the dashboard."""

import os
from pathlib import Path
from typing import Any

import pytest

from aqboard.domain.job.guard_verdict import GuardCheck, GuardVerdict, Stop
from aqboard.domain.job.slurm_job import Submission
from aqboard.guard.judge import GuardOutcome
from aqboard.guard.verdict import Recorder, read_verdict
from aqboard.readers.errors import ReadError
from tests import samples
from tests.guard.manifests import manifest

MAX_BYTES = 262_144
JOB = {"SLURM_JOB_ID": "17", "SLURM_RESTART_COUNT": "1", "SLURM_JOB_NODELIST": "nid[000001-000050]"}


def submission(folder: Path, **changes: Any) -> Submission:
    """Job 17, whose script lies in the folder and was let out for the attempt and the seal of `manifest`."""
    made = manifest(folder)
    facts = {
        "person": "Ada",
        "attempt": made.attempt,
        "job": "17",
        "role": "launch",
        "script": str(folder / "launch.sbatch"),
        "seal": made.seal,
        "log": str(folder / "job-17.out"),
        "submitted_at": samples.WHEN,
    }
    return Submission.model_validate(facts | changes)


def refused(asked: Submission, *others: str) -> ReadError:
    with pytest.raises(ReadError) as raised:
        read_verdict(asked, others)
    return raised.value


def stop(folder: Path, **changes: Any) -> None:
    recorder = Recorder(manifest(folder, **changes), 2, JOB)
    check = GuardCheck(when="start", step=0, loss=float("nan"))
    recorder.add(check)
    recorder.stopped(GuardOutcome(check, Stop.NOT_FINITE, "On rank 1: nan", "val_loss", float("nan"), ranks=(1,)))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert read_verdict(submission(tmp_path)) is None
    stop(tmp_path)
    verdict = read_verdict(submission(tmp_path))
    assert verdict is not None
    assert (verdict.state, verdict.code, verdict.job, verdict.restarts) == ("stopped", 43, "17", 1)
    assert (verdict.world, verdict.nodes) == (2, "nid[000001-000050]")
    assert (verdict.reason, verdict.quantity, verdict.ranks_at_fault) == ("On rank 1: nan", "val_loss", (1,))
    assert verdict.observed is not None
    assert verdict.observed != verdict.observed, "NaN survives JSON"
    assert not list(tmp_path.glob(".*")), "no draft is left"


def test_every_code_has_words() -> None:
    assert all(stop.words for stop in Stop)
    assert [int(stop) for stop in Stop] == list(range(40, 48))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"null", "malformed"),
        (b"[" * 50_000, "malformed"),
        (b"\xff" * 10, "malformed"),
        (b" " * MAX_BYTES, "malformed"),
        (b" " * (MAX_BYTES + 1), "too-big"),
    ],
)
def test_what_is_no_verdict(content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "guard_verdict.json").write_bytes(content)
    error = refused(submission(tmp_path))
    assert error.code == code
    told = {"malformed": "guard_verdict.json is not a guard's verdict: the file: ", "too-big": "any verdict (256 KiB)."}
    assert told[code] in error.message


def test_a_verdict_with_more_space_than_a_verdict_needs_is_read_up_to_the_limit(tmp_path: Path) -> None:
    stop(tmp_path)
    path = tmp_path / "guard_verdict.json"
    whole = path.read_bytes()
    path.write_bytes(whole.ljust(MAX_BYTES))
    assert read_verdict(submission(tmp_path)) is not None


def test_half_a_verdict_is_damaged(tmp_path: Path) -> None:
    stop(tmp_path)
    path = tmp_path / "guard_verdict.json"
    whole = path.read_bytes()
    for length in range(1, len(whole) - 2, 37):
        path.write_bytes(whole[:length])
        assert refused(submission(tmp_path)).code == "malformed"


def test_the_name_of_an_unknown_field_cannot_take_over_a_terminal_nor_fill_it(tmp_path: Path) -> None:
    stop(tmp_path)
    path = tmp_path / "guard_verdict.json"
    path.write_text(path.read_text().replace("{", '{"\\u001b[2J\\n' + "x" * 10_000 + '": 1,', 1))
    error = refused(submission(tmp_path))
    assert error.code == "malformed"
    assert error.message.startswith(f"{path} is not a guard's verdict: ")
    assert error.message.isprintable()
    assert len(error.message) < len(str(path)) + 300


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda p: p.symlink_to("/etc/passwd"), "a link, not a regular file"),
        (lambda p: p.mkdir(), "a folder, not a regular file"),
        (os.mkfifo, "a pipe (FIFO), not a regular file"),
    ],
)
def test_what_is_no_file(make: Any, why: str, tmp_path: Path) -> None:
    make(tmp_path / "guard_verdict.json")
    error = refused(submission(tmp_path))
    assert error.code == "not-a-file"
    assert f"guard_verdict.json cannot be read ({why})." in error.message


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("aqboard.guard.verdict.open_regular", denied)
    error = refused(submission(tmp_path))
    assert (error.code, "(Permission denied)" in error.message) == ("no-permission", True)


def test_a_good_verdict_behind_a_link_is_refused(tmp_path: Path) -> None:
    """It may lie anywhere, written by anybody."""
    stop(tmp_path)
    path = tmp_path / "guard_verdict.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert refused(submission(tmp_path)).code == "not-a-file"


@pytest.mark.parametrize("change", [{"attempt": "ee" * 16}, {"attempt": "e" * 99}, {"seal": "f" * 64}])
def test_a_verdict_on_another_launch_is_not_taken_for_this_one(tmp_path: Path, change: dict[str, str]) -> None:
    """The job's number is right, as in a folder that was copied, or where somebody wrote it in."""
    stop(tmp_path, **change)
    error = refused(submission(tmp_path))
    attempt, seal = change.get("attempt", "a" * 32), change.get("seal", "5" * 64)
    assert error.code == "other-launch"
    assert (
        f"guard_verdict.json speaks of attempt {attempt[:40]}, seal {seal[:12]}, not of this launch;" in error.message
    )


def test_a_verdict_on_an_earlier_job_of_the_same_launch_is_nothing_written_yet(tmp_path: Path) -> None:
    stop(tmp_path)
    assert read_verdict(submission(tmp_path, job="18"), {"17", "18"}) is None


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"SLURM_JOB_ID": "99"}, "speaks of job 99, not of job 17"),
        ({"SLURM_JOB_ID": "9" * 60}, f"speaks of job {'9' * 40}, not of job 17"),
        ({}, "speaks of a run outside Slurm, not of job 17"),
    ],
)
def test_a_verdict_on_a_job_that_nobody_knows_is_refused(
    tmp_path: Path, environment: dict[str, str], told: str
) -> None:
    Recorder(manifest(tmp_path), 2, environment).finished(100)
    error = refused(submission(tmp_path), "16", "17")
    assert error.code == "other-job"
    assert told in error.message


def test_text_that_would_take_over_a_terminal_is_made_harmless(tmp_path: Path) -> None:
    stop(tmp_path)
    path = tmp_path / "guard_verdict.json"
    path.write_text(path.read_text().replace("On rank 1: nan", "\\u001b[2Jgone"))
    verdict = read_verdict(submission(tmp_path))
    assert verdict is not None
    assert "\x1b" not in verdict.reason


def test_too_much_of_anything_is_refused(tmp_path: Path) -> None:
    stop(tmp_path)
    verdict = GuardVerdict.model_validate_json((tmp_path / "guard_verdict.json").read_bytes())
    many = verdict.model_dump() | {"ranks_at_fault": tuple(range(1000))}
    with pytest.raises(ValueError, match="ranks_at_fault"):
        GuardVerdict.model_validate(many)


def written(folder: Path) -> GuardVerdict:
    verdict = read_verdict(submission(folder))
    assert verdict is not None
    return verdict


def test_each_way_a_job_can_go_is_written(tmp_path: Path) -> None:
    recorder = Recorder(manifest(tmp_path), 2, JOB)
    recorder.gave_up(600.4)
    first = written(tmp_path)
    assert (first.state, first.code, first.step) == ("stopped", 47, 0)
    assert first.reason.startswith("Rank 0 made no progress for 600 s, some time after step 0: it waits for another")
    recorder.goes_on()
    assert written(tmp_path).step == 0
    for step in (0, 3, 5):
        recorder.add(GuardCheck(when="step", step=step))
    recorder.add(GuardCheck(when="step", step=10))
    recorder.goes_on()
    assert (written(tmp_path).state, written(tmp_path).code, written(tmp_path).step) == ("running", 0, 10)
    recorder.gave_up(600)
    assert (written(tmp_path).step, "some time after step 10" in written(tmp_path).reason) == (10, True)
    recorder.finished(100)
    assert (written(tmp_path).state, written(tmp_path).code, written(tmp_path).step) == ("finished", 0, 100)
    recorder.raised(12, ValueError("bad disk"))
    last = written(tmp_path)
    assert (last.state, last.code, last.step) == ("raised", 1, 12)
    assert last.reason == "Rank 0 ended with ValueError after step 12: bad disk"
    assert [check.step for check in last.checks] == [0, 3, 5, 10]
    recorder.stopped(
        GuardOutcome(GuardCheck(when="step", step=50), Stop.BASELINE, "too high", "val_loss", 0.5, 0.4, (0,))
    )
    last = written(tmp_path)
    assert (last.state, last.code, last.step, last.reason) == ("stopped", 42, 50, "too high")
    assert (last.quantity, last.observed, last.limit, last.ranks_at_fault) == ("val_loss", 0.5, 0.4, (0,))
    assert last.started_at <= last.written_at


def test_however_much_there_is_to_say_the_verdict_can_be_read(tmp_path: Path) -> None:
    recorder = Recorder(manifest(tmp_path), 2, {**JOB, "SLURM_JOB_NODELIST": "n" * 9999})
    check = GuardCheck(when="step", step=1, loss=0.1, low=0.1, limit=0.1, step_s=0.1, step_limit_s=0.1, samples=10**9)
    for _ in range(150):
        recorder.add(check)
    recorder.stopped(GuardOutcome(check, Stop.BROKEN, "\x1b" * 9999))
    verdict = written(tmp_path)
    assert (len(verdict.checks), len(verdict.nodes), len(verdict.reason)) == (100, 2000, 2000)
    recorder.raised(1, ValueError("x" * 9999))
    assert len(written(tmp_path).reason) == 2000


@pytest.mark.parametrize(("said", "restarts"), [("", 0), ("3", 3), ("-1", 0), ("many", 0)])
def test_restarts_are_what_slurm_counts(tmp_path: Path, said: str, restarts: int) -> None:
    Recorder(manifest(tmp_path), 2, {"SLURM_JOB_ID": "17", "SLURM_RESTART_COUNT": said}).finished(1)
    assert written(tmp_path).restarts == restarts
