"""A verdict is read from a folder that the job can write to: nothing in it may surprise the dashboard."""

import os
from pathlib import Path
from typing import Any

import pytest

from aqboard.domain.job.guard_verdict import GuardCheck, GuardVerdict, Stop
from aqboard.guard.judge import Decision
from aqboard.guard.recorder import Recorder
from aqboard.guard.verdict import read_verdict
from aqboard.readers.errors import ReadError
from tests.guard.manifests import manifest


def stop(folder: Path) -> None:
    recorder = Recorder(manifest(folder), 2, {"SLURM_JOB_ID": "17", "SLURM_RESTART_COUNT": "1"})
    check = GuardCheck(when="start", step=0, loss=float("nan"))
    recorder.add(check)
    recorder.stopped(Decision(check, Stop.NOT_FINITE, "On rank 1: nan", "val_loss", float("nan"), ranks=(1,)))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert read_verdict(manifest(tmp_path)) is None
    stop(tmp_path)
    verdict = read_verdict(manifest(tmp_path))
    assert verdict is not None
    assert (verdict.state, verdict.code, verdict.job, verdict.restarts) == ("stopped", 43, "17", 1)
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
        (b" " * (300 << 10), "too-big"),
    ],
)
def test_what_is_no_verdict(content: bytes, code: str, tmp_path: Path) -> None:
    made = manifest(tmp_path)
    made.verdict_file.write_bytes(content)
    with pytest.raises(ReadError) as refused:
        read_verdict(made)
    assert refused.value.code == code


def test_half_a_verdict_is_damaged(tmp_path: Path) -> None:
    made = manifest(tmp_path)
    stop(tmp_path)
    whole = made.verdict_file.read_bytes()
    for length in range(1, len(whole) - 2, 37):
        made.verdict_file.write_bytes(whole[:length])
        with pytest.raises(ReadError):
            read_verdict(made)


@pytest.mark.parametrize("make", [lambda p: p.symlink_to("/etc/passwd"), lambda p: p.mkdir(), os.mkfifo])
def test_what_is_no_file(make: Any, tmp_path: Path) -> None:
    made = manifest(tmp_path)
    make(made.verdict_file)
    with pytest.raises(ReadError) as refused:
        read_verdict(made)
    assert refused.value.code == "not-a-file"


def test_a_verdict_on_another_launch_is_not_taken_for_this_one(tmp_path: Path) -> None:
    stop(tmp_path)
    with pytest.raises(ReadError, match="not of this launch") as refused:
        read_verdict(manifest(tmp_path, number=4))
    assert refused.value.code == "other-launch"


def test_text_that_would_take_over_a_terminal_is_made_harmless(tmp_path: Path) -> None:
    stop(tmp_path)
    made = manifest(tmp_path)
    text = made.verdict_file.read_text().replace("On rank 1: nan", "\\u001b[2Jgone")
    made.verdict_file.write_text(text)
    verdict = read_verdict(made)
    assert verdict is not None
    assert "\x1b" not in verdict.reason


def test_too_much_of_anything_is_refused(tmp_path: Path) -> None:
    stop(tmp_path)
    made = manifest(tmp_path)
    verdict = GuardVerdict.model_validate_json(made.verdict_file.read_bytes())
    many = verdict.model_dump() | {"ranks_at_fault": tuple(range(1000))}
    with pytest.raises(ValueError, match="ranks_at_fault"):
        GuardVerdict.model_validate(many)
