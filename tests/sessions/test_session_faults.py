"""Whatever happens to a session: its state is true, its findings say what happened, and what was measured is kept."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from aqboard.domain.errors import SessionError
from aqboard.domain.finding import Verdict
from aqboard.domain.session.check_session import SessionState
from aqboard.domain.session.events import Ended, ProbeOutcome, SessionEnded, SessionStarted, Started
from aqboard.sessions.backend import EVENTS, WORKER_LOG, Handle, read_handle
from aqboard.sessions.backends import BACKENDS
from aqboard.sessions.backends.local import LocalBackend
from aqboard.sessions.control import cancel, follow, start, view
from aqboard.sessions.events import append
from aqboard.sessions.ingest import ingest, ingest_open
from aqboard.store import Store
from aqboard.store.audit import entries
from aqboard.store.sessions import SessionRow, Sessions
from tests import stub_sessions
from tests.stub_sessions import begin, by_hand, run, summaries, verdicts

PASS, ERROR, SKIP = Verdict.PASS, Verdict.ERROR, Verdict.SKIP


def wait_for(what: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def pid_of(row: SessionRow) -> int:
    handle = read_handle(row.folder)
    assert handle is not None
    assert handle.pid is not None
    return handle.pid


def written(row: SessionRow) -> str:
    path = row.folder / EVENTS
    return path.read_text(errors="replace") if path.exists() else ""


def test_a_session_is_done_and_every_event_is_there_once(store: Store) -> None:
    seen: list[object] = []
    row = begin(store, "a", "z")
    standing = follow(store, row, listen=seen.append)
    assert (standing.state, standing.by_itself) == (SessionState.DONE, True)
    assert [type(event) for event in seen] == [SessionStarted, Started, Ended, Started, Ended, SessionEnded]
    assert verdicts(store, row) == {"a": PASS, "z": PASS}
    shown = view(store, row)
    assert [(probe.probe, probe.status, probe.expected_s) for probe in shown.probes] == [
        ("a", "measured", 0.01),
        ("z", "measured", 0.01),
    ]


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        ("killed", "killed (signal 9), most often because the machine ran out of memory"),
        ("segfault", "signal 11 (SIGSEGV)"),
        ("exits", "ended with code 3"),
        ("torn", "ended with code 1"),
        ("memory", "ended with code 1"),
        ("hangs", "time limit of 1 s"),
        ("floods", "printed more than 1 MB"),
    ],
)
def test_a_probe_that_comes_to_grief_costs_itself_alone(store: Store, fate: str, said: str) -> None:
    row, standing = run(store, "a", fate, "z", hangs=1.0)
    assert standing.state is SessionState.DONE, "every probe came to an end, if not to a good one"
    assert verdicts(store, row) == {"a": PASS, "z": PASS, fate: ERROR}
    assert said in summaries(store, row)[fate]
    if fate == "memory":
        assert "MemoryError" in next(f.detail for f in store.attempt(row.attempt).findings if f.check == "stub.memory")


def test_garbage_goes_to_the_log_and_nowhere_else(store: Store) -> None:
    row, standing = run(store, "garbage", "a")
    assert standing.state is SessionState.DONE
    assert verdicts(store, row) == {"garbage": PASS, "a": PASS}
    assert (row.folder / WORKER_LOG).stat().st_size > 100_000
    assert stub_sessions.count(store, "session_events") == 6


def test_what_a_probe_forks_does_not_outlive_it(store: Store) -> None:
    row, standing = run(store, "forks", "a")
    assert standing.state is SessionState.DONE
    strays = [int(path.name.removeprefix("stray-")) for path in row.folder.glob("stray-*")]
    assert len(strays) == 3
    assert not [pid for pid in strays if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]


def test_a_probe_that_tells_its_end_twice_is_counted_once(store: Store) -> None:
    _, standing = run(store, "twice", "a")
    assert standing.state is SessionState.DONE
    assert stub_sessions.count(store, "outcomes") == 2
    assert stub_sessions.count(store, "session_events") == 7, "that it told it twice is kept"


def test_a_session_whose_process_is_killed_is_told_by_its_starter(store: Store) -> None:
    row, standing = run(store, "a", "kills_session", "z")
    assert (standing.state, standing.by_itself) == (SessionState.FAILED, False)
    assert "was killed by signal 9 (SIGKILL), before its end" in standing.why
    assert verdicts(store, row) == {"a": PASS, "kills_session": ERROR, "z": ERROR}
    assert "killed by signal 9" in summaries(store, row)["z"]
    assert [probe.status for probe in view(store, row).probes] == ["measured", "missed", "missed"]


def test_and_another_process_can_say_no_more_than_that_it_is_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = begin(store, "a", "kills_session")
    worker = psutil.Process(pid_of(row))
    wait_for(lambda: "kills_session" in written(row))
    monkeypatch.setitem(BACKENDS, "local", LocalBackend(stub_sessions.command))  # as after a restart of the app
    standing = follow(store, row)
    assert standing.state is SessionState.LOST
    assert "is gone, before its end" in standing.why
    assert verdicts(store, row) == {"a": PASS, "kills_session": ERROR}
    worker.wait(5)
    assert not worker.is_running(), "its probe process ends with it"


def test_a_session_that_was_given_up_and_goes_on_all_the_same_has_the_last_word(store: Store) -> None:
    row, standing = run(store, "a", "kills_session", "z")
    assert standing.state is SessionState.FAILED
    once = summaries(store, row)
    assert ingest(store, row) == standing, "asking again changes nothing"
    assert (summaries(store, row), stub_sessions.count(store, "findings")) == (once, 3)
    BACKENDS["local"].start(row.folder)  # as Slurm does with a job whose node failed
    wait_for(
        lambda: "signal" in (again := ingest(store, row)).why or again.by_itself or "session_ended" in written(row)
    )
    wait_for(lambda: written(row).count('"probe":"kills_session"') >= 2)
    BACKENDS["local"].start(row.folder)
    wait_for(lambda: ingest(store, row).by_itself)
    standing = ingest(store, row)
    assert standing.state is SessionState.DONE
    assert verdicts(store, row) == {"a": PASS, "kills_session": ERROR, "z": PASS}
    assert "begun 2 times" in summaries(store, row)["kills_session"]
    assert stub_sessions.count(store, "findings") == 6, "one set for its backend's word, one for its own"
    assert written(row).count('"event":"started","probe":"a"') == 1, "what was measured is not measured again"


def test_cancelling_stops_within_seconds_and_keeps_what_was_measured(store: Store) -> None:
    row = begin(store, "a", "hangs", "z")
    wait_for(lambda: "hangs" in written(row))
    cancel(store, row, "Grace")
    standing = follow(store, row)
    assert (standing.state, standing.why) == (SessionState.CANCELLED, "Cancelled by Grace.")
    assert verdicts(store, row) == {"a": PASS, "hangs": SKIP, "z": SKIP}
    assert summaries(store, row)["z"] == "Not judged: Cancelled by Grace."
    with pytest.raises(SessionError, match="it is cancelled already"):
        cancel(store, row)


def test_a_cancelled_rerun_leaves_standing_what_it_did_not_get_to(store: Store) -> None:
    first, _ = run(store, "a", "b", "exits", "z")
    assert verdicts(store, first) == {"a": PASS, "b": PASS, "exits": ERROR, "z": PASS}
    row = begin(store, "a", "exits", "hangs", "z")
    wait_for(lambda: "hangs" in written(row))
    cancel(store, row, "Grace")
    assert follow(store, row).state is SessionState.CANCELLED
    assert verdicts(store, row) == {"a": PASS, "b": PASS, "exits": ERROR, "hangs": SKIP, "z": PASS}
    assert summaries(store, row)["hangs"] == "Not judged: Cancelled by Grace.", "of this nothing was known"
    rows = store.db.execute("SELECT check_id FROM findings ORDER BY id").fetchall()
    assert [check for (check,) in rows[4:]] == ["stub.a", "stub.exits", "stub.hangs"], "what was measured anew is added"
    again = begin(store, "hangs", "z")
    wait_for(lambda: "hangs" in written(again))
    os.kill(pid_of(again), signal.SIGKILL)
    assert follow(store, again).state is SessionState.FAILED
    assert verdicts(store, again)["z"] is ERROR, "nobody asked for that end"


def test_a_rerun_that_is_cancelled_before_it_measured_anything_adds_nothing(store: Store) -> None:
    first = by_hand(store, "a", "z")
    ingest(store, first)
    before = (verdicts(store, first), stub_sessions.count(store, "findings"))
    row = by_hand(store, "a", "z", uid="1" * 32, ended=False)
    os.truncate(row.folder / EVENTS, 0)
    append(row.folder / EVENTS, SessionEnded(state="cancelled", why="Cancelled by Grace."))
    assert ingest(store, row).state is SessionState.CANCELLED
    assert (verdicts(store, row), stub_sessions.count(store, "findings")) == before
    assert [entry.action for entry in entries(store.db)][-2:] == ["checks asked for", "checks ended"]


def test_the_file_alone_cancels_and_so_does_a_person_with_a_signal(store: Store) -> None:
    by_file, by_signal = begin(store, "hangs"), begin(store, "hangs", uid="1" * 32)
    wait_for(lambda: "hangs" in written(by_file) and "hangs" in written(by_signal))
    (by_file.folder / "cancel").touch()
    os.kill(pid_of(by_signal), signal.SIGTERM)
    assert follow(store, by_file).why == "Cancelled by somebody."
    standing = follow(store, by_signal)
    assert standing.state is SessionState.FAILED
    assert "asked to stop by signal 15 (SIGTERM)" in standing.why
    assert verdicts(store, by_signal) == {"hangs": ERROR}


def test_the_number_of_a_process_is_not_the_process(store: Store) -> None:
    other = psutil.Process()
    backend = LocalBackend()
    same_number = Handle(backend="local", host=os.uname().nodename, pid=other.pid, created=other.create_time())
    assert backend.look(same_number).word == "lost", "this process is no session"
    row = begin(store, "hangs")
    handle = read_handle(row.folder)
    assert handle is not None
    assert backend.look(handle).word == "running"
    assert backend.look(handle.model_copy(update={"created": (handle.created or 0) - 3600})).word == "lost"
    assert backend.look(handle.model_copy(update={"host": "elsewhere"})).word == "unknown"
    cancel(store, row)
    assert follow(store, row).state is SessionState.CANCELLED


def test_a_session_that_nobody_handed_over_is_lost_in_the_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    row, _ = run(store, "a")
    attempt = stub_sessions.attempt("2" * 32)

    class Refuses(LocalBackend):
        def start(self, folder: Path) -> Handle:
            raise SessionError("The machine refuses.")

    class Dies(LocalBackend):
        def start(self, folder: Path) -> Handle:
            raise KeyboardInterrupt

    monkeypatch.setitem(BACKENDS, "local", Refuses())
    with pytest.raises(SessionError, match="refuses"):
        start(store, attempt, checks=["stub.a"])
    newest = Sessions(store).all()[0]
    assert view(store, newest).standing.why == "It was not started. The machine refuses."
    assert verdicts(store, newest) == {"a": ERROR}
    monkeypatch.setitem(BACKENDS, "local", Dies())
    with pytest.raises(KeyboardInterrupt):
        start(store, attempt, checks=["stub.z"])
    newest = Sessions(store).all()[0]
    assert ingest(store, newest).state is SessionState.QUEUED
    monkeypatch.setattr("aqboard.sessions.ingest.HANDOVER_S", -1.0)
    assert "was never handed to its backend" in ingest(store, newest).why
    assert verdicts(store, newest) == {"a": ERROR, "z": ERROR}
    assert verdicts(store, row) == {"a": PASS}


def test_a_torn_last_line_waits_and_swallows_nothing(store: Store) -> None:
    row = begin(store, "a", "hangs")
    wait_for(lambda: "hangs" in written(row))
    os.kill(pid_of(row), signal.SIGKILL)
    with (row.folder / EVENTS).open("ab") as file:
        file.write(b'{"event":"ended","outcome":{"probe":"han')
    standing = follow(store, row)
    assert standing.state is SessionState.FAILED
    known = Sessions(store).position(row.session.uid)
    assert known < (row.folder / EVENTS).stat().st_size
    append(row.folder / EVENTS, Ended(outcome=ProbeOutcome(probe="hangs", status="broke", message="late")))
    append(row.folder / EVENTS, SessionEnded(state="done"))
    assert ingest_open(store) == (), "one that was given up is looked at again when its file grows"
    assert view(store, row).standing.state is SessionState.DONE
    assert summaries(store, row)["hangs"] == "late"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("no small file system can be mounted here: that takes root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_by_the_last_line(store: Store, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aqboard.sessions.control.sessions_folder", lambda _: small_disk)
    row, standing = run(store, "a", "fills", "z")
    assert verdicts(store, row)["a"] is PASS
    assert verdicts(store, row)["fills"] is ERROR
    assert "No space left on device" in standing.why, standing
    assert standing.state is SessionState.FAILED


def test_a_folder_that_disappears_is_told_by_the_exit_code(store: Store) -> None:
    row = begin(store, "hangs")
    wait_for(lambda: "hangs" in written(row))
    (row.folder / EVENTS).unlink()
    (row.folder / EVENTS).mkdir()
    os.kill(pid_of(row), signal.SIGTERM)
    wait_for(lambda: BACKENDS["local"].look(read_handle(row.folder) or pytest.fail("no handle")).over)
    (row.folder / EVENTS).rmdir()
    standing = follow(store, row)
    assert standing.state is SessionState.FAILED
    assert "could not write into its folder (exit code 74" in standing.why
    assert verdicts(store, row) == {"hangs": ERROR}
