"""What a session says in aqboard's own log, from all of its processes."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aqboard.domain.session.check_session import SessionState
from aqboard.logs import configure
from aqboard.sessions.ingest import RetryPolicy, ingest
from aqboard.settings import LOG
from aqboard.store import Store
from tests.stub_sessions import by_hand, run


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "aqboard.log"
    monkeypatch.setenv(LOG, f"debug:{file}")
    configure()
    yield file
    monkeypatch.undo()
    configure()


def test_a_sessions_life_is_logged(store: Store, log: Path) -> None:
    _, standing = run(store, "a", "killed", "z")
    assert standing.state is SessionState.DONE
    text = log.read_text()
    for said in (
        "session 1 of attempt 1 was handed to local",
        "begins: 3 probes wait, 0 are done",
        "3 probes wait",
        "is gone at killed, 1 are left: The probe process was killed (signal 9)",
        "1 probes wait",
        "ends: done",
        "session 1: ",
        "session 1 is done: all probes have ended",
    ):
        assert said in text
    assert len({line.split()[3] for line in text.splitlines()}) == 2, "this process, and the session's"


def test_waiting_for_the_database_is_logged(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    row = by_hand(store, "a")
    store.db.conn.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.rollback)
    release.start()
    with caplog.at_level(logging.INFO, "aqboard.sessions"):
        ingest(store, row, patience=RetryPolicy(seconds=30, pause_s=0.05))
    release.join()
    other.close()
    assert "the database is held by another process" in caplog.messages[0]
