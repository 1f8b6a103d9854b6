"""Sessions as they are met in a terminal: started and left, followed, cancelled, imported elsewhere."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aqboard.cli import app
from aqboard.domain.session.events import Ended, ProbeOutcome, SessionEnded, SessionStarted
from aqboard.sessions import folder
from aqboard.sessions.backend import EVENTS, WORKER_LOG
from aqboard.sessions.events import append
from aqboard.store import Store
from aqboard.store.sessions import Sessions
from aqboard.store.sqlite import access
from tests.command import Done, aqboard
from tests.stub_sessions import by_hand
from tests.tiny_launch import TinyLaunch


def wait_for(what: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.2)


def here(*arguments: object, db: Path) -> Done:
    """The same command in this process: quicker, where nothing is started."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--db", str(db)])
    return Done(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A database with a session that has ended, one of another machine, and one that was started elsewhere."""
    path = tmp_path / "board.db"
    with Store(path, create=True) as store:
        done = by_hand(store, "checkpoint", ended=False)
        (done.folder / WORKER_LOG).write_bytes(b"loading \x1b[2J weights\nall read\n")
        append(done.folder / EVENTS, SessionEnded(state="done", files=folder.sums(done.folder)))
        by_hand(store, "file", uid="1" * 32, ended=False)
    return path


def test_started_left_followed_and_imported_elsewhere(launch: TinyLaunch, tmp_path: Path) -> None:
    board, other = tmp_path / "board.db", tmp_path / "other" / "board.db"
    plan = launch.plan("sessions")
    started = aqboard("check", plan, "--no-wait", "--only", "cache.valid", "--json", db=board)
    assert (started.code, json.loads(started.out)) == (0, {"session": 1, "attempt": 1})
    followed = aqboard("logs", "-f", 1, db=board)
    assert followed.code == 0
    assert "probe cache" in followed.err
    assert "session 1 is done." in followed.err
    (session,) = json.loads(here("sessions", "--json", db=board).out)
    assert (session["state"], session["why"], session["backend"]) == ("done", "", "local")
    assert {probe["status"] for probe in session["probes"]} == {"measured"}
    shown = json.loads(here("attempts", 1, "--json", db=board).out)
    assert shown["stale"] == []
    assert {finding["verdict"] for finding in shown["findings"] if finding["check"] == "cache.valid"} == {"pass"}
    taken = here("import", session["folder"], "--json", db=other)
    assert (taken.code, json.loads(taken.out)["imported"]) == (0, True)
    theirs = json.loads(here("attempts", 1, "--json", db=other).out)
    assert theirs["findings"] == shown["findings"]
    cache = launch.folder / "cache.pkl"
    before = cache.read_bytes()
    try:
        cache.write_bytes(before + b" ")
        told = here("attempts", 1, db=board)
        assert "stale" in told.out
        assert "cache.pkl has changed since it was checked" in told.out
    finally:
        cache.write_bytes(before)


def test_ctrl_c_leaves_the_session_alone_and_says_how_to_reach_it(launch: TinyLaunch, tmp_path: Path) -> None:
    board = tmp_path / "board.db"
    command = [sys.executable, "-m", "aqboard.cli", "check", str(launch.plan("left")), "--only", "cache.valid"]
    waiting = subprocess.Popen(
        command,
        env={**os.environ, "AQBOARD_DB": str(board)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Tests that a script put into the background were started with Ctrl-C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for(lambda: bool(list((tmp_path / "sessions").glob("*/handle.json"))) or waiting.poll() is not None)
    time.sleep(0.3)
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 2
    assert "Session 1 goes on. `aqboard logs -f 1` follows it, `aqboard cancel 1` stops it" in said
    assert "Traceback" not in said
    wait_for(lambda: "done" in here("sessions", db=board).out)
    assert json.loads(here("attempts", 1, "--json", db=board).out)["readiness"]["counts"]["pass"] == 1


def test_sessions_are_listed_and_their_logs_shown_without_what_a_terminal_obeys(board: Path) -> None:
    listed = here("sessions", db=board)
    assert (listed.code, listed.err) == (0, "")
    for part in ("local", "Ada", "done", "running", "1 of 1"):
        assert part in listed.out
    shown = here("logs", 1, db=board)
    assert (shown.code, shown.out) == (0, "loading \N{REPLACEMENT CHARACTER}[2J weights\nall read\n")
    document = json.loads(here("logs", "0" * 8, "--json", db=board).out)
    assert (document["session"], document["state"], document["log"].count("\n")) == (1, "done", 2)


def test_cancel_asks_and_says_what_came_of_it(board: Path) -> None:
    over = here("cancel", 1, db=board)
    assert (over.code, "Session 1 cannot be cancelled: it is done already." in over.err) == (2, True)
    with Store(board) as store:
        row = Sessions(store).find(2)
    asked = here("cancel", 2, "--json", db=board)
    document = json.loads(asked.out)
    assert (asked.code, document["state"]) == (0, "running")
    assert document["why"].startswith("Cancelled by ")
    append(row.folder / EVENTS, SessionStarted(host="nid001", pid=7))
    append(row.folder / EVENTS, Ended(outcome=ProbeOutcome(probe="file", status="broke", message="x")))
    append(row.folder / EVENTS, SessionEnded(state="cancelled", why="Cancelled by Ada."))
    listed = {each["session"]: each for each in json.loads(here("sessions", "--json", db=board).out)}
    assert (listed[2]["state"], listed[2]["why"]) == ("cancelled", "Cancelled by Ada.")


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("read only", "this user may not write it"),
        ("below a file", "no file can be written in"),
        ("shared disk", "locks may not reach other machines"),
    ],
)
def test_a_database_that_can_take_nothing_is_told_before_the_inputs_are_read(
    why: str, said: str, board: Path, plan_file: Callable[..., Path], mounted: Callable[..., None], monkeypatch
) -> None:
    monkeypatch.setattr("aqboard.sessions.prepare.freeze", lambda *_, **__: pytest.fail("the inputs were read"))
    if why == "read only":
        monkeypatch.setattr(access, "_is_read_only", lambda _: True)
    if why == "shared disk":
        mounted("fuse.sshfs")
    told = here("check", plan_file(), db=board / "below.db" if why == "below a file" else board)
    assert told.code == 2
    assert said in told.err
    assert told.err.strip().count("\n") == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cancel", "99"), "There is no session '99'"),
        (("logs", "abcdef0"), "There is no session 'abcdef0'"),
        (("logs", "../../etc"), "There is no session '../../etc'"),
        (("import", "/etc"), "/etc is no session's folder: it has no session.json"),
        (("import", "/nowhere"), "/nowhere is not a folder that can be read"),
        (("check", "plan.yaml", "--backend", "lsf"), "There is no backend 'lsf'. There are local"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_2(board: Path, arguments: tuple[str, ...], said: str) -> None:
    told = here(*arguments, db=board)
    assert told.code == 2
    assert said in told.err
    assert told.err.strip().count("\n") == 0
    as_json = here(*arguments, "--json", db=board)
    assert said in json.loads(as_json.out)["error"]["message"]
