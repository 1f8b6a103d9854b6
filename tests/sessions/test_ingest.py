"""What a session wrote reaches the database once and in order, whatever befalls those who bring it there."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqboard.domain.errors import StoreError
from aqboard.domain.finding import Verdict
from aqboard.domain.session.check_session import SessionState
from aqboard.domain.session.events import Ended, ProbeOutcome, SessionEnded, Started
from aqboard.sessions.backend import EVENTS
from aqboard.sessions.control import view
from aqboard.sessions.events import append, lines
from aqboard.sessions.ingest import RetryPolicy, ingest, ingest_open
from aqboard.store import Store
from aqboard.store.sessions import SessionRow, Sessions
from tests.stub_sessions import by_hand, count, verdicts

ROOT = Path(__file__).resolve().parents[2]
PASS, ERROR = Verdict.PASS, Verdict.ERROR
TABLES = ("session_events", "outcomes", "session_closings", "findings")


def ingester(store: Store, *arguments: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.stub_sessions.ingester", str(store.path), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT)


def as_in_the_folder(store: Store, row: SessionRow) -> bool:
    """Whether the database holds every line of the session's file, once and in order, by place and digest."""
    kept = store.db.execute(
        "SELECT first_byte, next_byte, sha256 FROM session_events WHERE session = ? ORDER BY id", [row.session.uid]
    ).fetchall()
    there = lines(row.folder / EVENTS, 0, 1 << 26)
    return kept == [(line.begin, line.end, hashlib.sha256(line.text).hexdigest()) for line in there]


def test_reading_again_adds_nothing(store: Store) -> None:
    row = by_hand(store, "a", "z")
    assert ingest(store, row).state is SessionState.DONE
    before = {table: count(store, table) for table in TABLES}
    assert before == {"session_events": 8, "outcomes": 2, "session_closings": 1, "findings": 2}
    assert ingest(store, row).state is SessionState.DONE
    ingest_open(store)
    assert {table: count(store, table) for table in TABLES} == before
    assert as_in_the_folder(store, row)
    assert verdicts(store, row) == {"a": PASS, "z": PASS}


def test_lines_that_two_have_read_are_added_once(store: Store) -> None:
    row = by_hand(store, "a", "z")
    read = lines(row.folder / EVENTS, 0)
    with Store(store.path) as other:
        assert Sessions(store).add_lines(row, read[:5]) == 5
        assert Sessions(other).add_lines(row, read) == 3
        assert Sessions(store).add_lines(row, read) == 0
    assert as_in_the_folder(store, row)
    assert count(store, "outcomes") == 2


def test_two_that_close_at_once_judge_once(store: Store) -> None:
    row = by_hand(store, "a")
    with Store(store.path) as other:
        standing = ingest(store, row)
        position = Sessions(store).position(row.session.uid)
        assert not Sessions(other).close(row, standing, position, store.attempt(1).findings)
    assert count(store, "findings") == 1


def test_four_processes_at_once_lose_nothing_and_double_nothing(store: Store) -> None:
    rows = [by_hand(store, *"abcd", uid=f"{i:032x}") for i in range(6)]
    processes = [ingester(store) for _ in range(4)]
    assert [process.wait(120) for process in processes] == [0, 0, 0, 0]
    assert all(as_in_the_folder(store, row) for row in rows)
    assert {table: count(store, table) for table in TABLES} == {
        "session_events": 6 * 14,
        "outcomes": 6 * 4,
        "session_closings": 6,
        "findings": 6 * 4,
    }


@pytest.mark.parametrize(
    "die_at",
    [
        "INSERT INTO session_events:5",
        "INSERT INTO outcomes:2",
        "COMMIT:2",
        "INSERT INTO session_closings:1",
        "COMMIT:3",
    ],
)
def test_an_ingester_that_is_killed_in_the_middle_leaves_all_or_nothing(store: Store, die_at: str) -> None:
    row = by_hand(store, "a", "z")
    assert ingester(store, die_at).wait(60) == -9
    assert count(store, "session_events") == (8 if "closings" in die_at or die_at == "COMMIT:3" else 0)
    assert count(store, "outcomes") == count(store, "session_events") // 4
    assert (count(store, "session_closings"), count(store, "findings")) == (0, 0)
    assert sqlite3.connect(store.path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert ingest(store, row).state is SessionState.DONE
    assert as_in_the_folder(store, row)
    assert (count(store, "outcomes"), count(store, "findings")) == (2, 2)


def test_a_database_that_is_held_is_waited_for_and_said_so(store: Store) -> None:
    row = by_hand(store, "a")
    store.db.conn.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    said: list[str] = []
    with pytest.raises(StoreError, match="locked"):
        ingest(store, row, patience=RetryPolicy(seconds=0.1, pause_s=0.02))
    assert count(store, "session_events") == 0
    release = threading.Timer(0.5, other.rollback)
    release.start()
    assert (
        ingest(store, row, patience=RetryPolicy(seconds=30, pause_s=0.05, say=said.append)).state is SessionState.DONE
    )
    release.join()
    other.close()
    assert "the database is held by another process" in said[0]
    assert as_in_the_folder(store, row)


def test_a_database_that_may_only_be_read_loses_nothing(store: Store) -> None:
    row = by_hand(store, "a")
    connection = store.db.conn
    connection.execute("PRAGMA query_only = 1")
    began = time.monotonic()
    with pytest.raises(StoreError, match="may not write"):
        ingest(store, row, patience=RetryPolicy(seconds=600))
    assert time.monotonic() - began < 300, "waiting would not help"
    assert view(store, row).standing.state is SessionState.QUEUED, "what is known can be read all the same"
    connection.execute("PRAGMA query_only = 0")
    assert ingest(store, row).state is SessionState.DONE
    assert as_in_the_folder(store, row)


def test_garbage_in_the_file_is_kept_by_its_digest_and_counts_for_nothing(store: Store) -> None:
    row = by_hand(store, "a", ended=False)
    with (row.folder / EVENTS).open("ab") as file:
        file.write(b'{"event":"ended","outcome":{}}\r\n\xff\xfe\n{"event":"not yet invented"}\n')
    append(row.folder / EVENTS, SessionEnded(state="done"))
    assert ingest(store, row).state is SessionState.DONE
    assert as_in_the_folder(store, row)
    assert [heard.event.event for heard in Sessions(store).events(row.session.uid)] == [
        *("session_started", "started", "progressed", "ended", "session_ended")
    ]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 2500), max_size=6), garbage=st.binary(max_size=60))
def test_however_the_file_grows_the_rows_are_the_same(store: Store, cuts: list[int], garbage: bytes) -> None:
    uid = uuid4().hex
    row = by_hand(store, "a", "z", uid=uid, ended=False)
    with (row.folder / EVENTS).open("ab") as file:
        file.write(garbage)
    append(row.folder / EVENTS, SessionEnded(state="done"))
    whole = (row.folder / EVENTS).read_bytes()
    known = Sessions(store).position(uid)
    for cut in sorted(cuts):
        (row.folder / EVENTS).write_bytes(whole[: max(cut, known)])
        ingest(store, row)
        known = Sessions(store).position(uid)
    (row.folder / EVENTS).write_bytes(whole)
    assert ingest(store, row).state is SessionState.DONE
    assert as_in_the_folder(store, row)


def test_clocks_that_disagree_change_no_order(store: Store) -> None:
    row = by_hand(store, "a", ended=False)
    (row.folder / EVENTS).write_bytes(
        b"".join(
            event.model_dump_json().encode() + b"\n"
            for event in (
                Started.model_validate({"probe": "a", "at": "2031-01-01T00:00:00Z"}),
                Ended.model_validate(
                    {"outcome": ProbeOutcome(probe="a", status="measured", evidence={}), "at": "2011-01-01T00:00:00Z"}
                ),
                SessionEnded.model_validate({"state": "done", "at": "1999-01-01T00:00:00Z"}),
            )
        )
    )
    assert ingest(store, row).state is SessionState.DONE
    kept = [heard.event.event for heard in Sessions(store).events(row.session.uid)]
    assert kept == ["started", "ended", "session_ended"]
    assert [(probe.status, probe.elapsed_s) for probe in view(store, row).probes] == [("measured", 0.0)]


def test_one_session_that_cannot_be_read_does_not_keep_the_others(store: Store) -> None:
    good, bad = by_hand(store, "a"), by_hand(store, "z", uid="1" * 32)
    (bad.folder / EVENTS).unlink()
    (bad.folder / EVENTS).mkdir()
    (trouble,) = ingest_open(store)
    assert f"Session {bad.number} cannot be read" in trouble
    assert ingest(store, good).state is SessionState.DONE


def test_a_folder_that_is_gone_is_lost(store: Store) -> None:
    row = by_hand(store, "a", "z", ended=False)
    ingest(store, row)
    shutil.rmtree(row.folder)
    standing = ingest(store, row)
    assert (standing.state, f"{row.folder} is gone" in standing.why) == (SessionState.LOST, True)
    assert verdicts(store, row) == {"a": PASS, "z": PASS}, "what was measured before is kept"


def test_the_newest_finding_of_several_sessions_counts(store: Store) -> None:
    first, second = by_hand(store, "a", "z"), by_hand(store, "z", uid="1" * 32, ended=False)
    ingest(store, first)
    os.truncate(second.folder / EVENTS, 0)
    append(second.folder / EVENTS, SessionEnded(state="failed", why="The session could not go on."))
    assert ingest(store, second).state is SessionState.FAILED
    assert verdicts(store, first) == {"a": PASS, "z": ERROR}
    assert [row.number for row in Sessions(store).all(attempt=1)] == [2, 1]
