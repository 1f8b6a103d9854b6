"""What watches beside the training, without a training: the kill switch, the watchdog, and what is said in the log."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqboard.guard.code_state import code_state
from aqboard.guard.guarded_run import REASON_BYTES, KillSwitch
from aqboard.guard.ranks import Watchdog
from aqboard.guard.signed_files import exists


def within(seconds: float, true: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()


def test_the_kill_switch_is_seen_at_once_and_while_it_watches(tmp_path: Path) -> None:
    path = tmp_path / "STOP"
    switch = KillSwitch(path, 0.01)
    assert not switch.set
    path.touch()
    assert within(10, lambda: switch.set)
    assert KillSwitch(path, 600).set, "a job that starts again finds it before the first look"


def test_after_its_end_the_kill_switch_is_not_looked_for(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "STOP", 0.01)
    before = {thread.name for thread in threading.enumerate()}
    assert "aqboard-guard-kill-switch" in before
    switch.close()
    assert within(10, lambda: all(t.name != "aqboard-guard-kill-switch" for t in threading.enumerate()))
    (tmp_path / "STOP").touch()
    assert not switch.set


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "; nobody wrote into it why"),
        (b" the loss looks wrong\n", ": the loss looks wrong"),
        (b"\x1b[2J\xff", ": \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"),
        (b"x" * 999, f": {'x' * REASON_BYTES}"),
    ],
)
def test_the_reason_in_the_kill_switch_is_told(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "STOP"
    path.write_bytes(content)
    assert KillSwitch(path, 600).sentence == f"the kill switch {path} is set{why}"


def test_a_kill_switch_that_is_gone_again_has_no_reason(tmp_path: Path) -> None:
    assert KillSwitch(tmp_path / "STOP", 600).sentence.endswith("is set; nobody wrote into it why")


def test_the_watchdog_gives_up_when_a_limit_has_passed_and_only_then() -> None:
    gave_up = threading.Event()
    watchdog = Watchdog(0.05, gave_up.set)
    with watchdog.limit():
        pass
    assert not gave_up.wait(1.2), "two ticks after the limit was lifted"
    watchdog.begin()
    assert gave_up.wait(10)


def test_the_log_says_what_counted_as_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "aqboard.guard")
    assert not exists(tmp_path / "nothing")
    assert caplog.messages == []
    (tmp_path / "file").touch()
    assert not exists(tmp_path / "file" / "STOP")
    assert code_state(tmp_path / "nowhere") is None
    assert [name for name, _, _ in caplog.record_tuples] == ["aqboard.guard.signed_files", "aqboard.guard.code_state"]
    assert "counted as not there: [Errno 20]" in caplog.messages[0]
    assert caplog.messages[1].startswith(f"no git state of {tmp_path / 'nowhere'}")
