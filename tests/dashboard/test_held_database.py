"""Another process holds the database for half a minute: what looks says so, what writes waits, and nothing is lost."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import yaml

from aqboard.domain.readiness import State
from aqboard.sessions.backends.base import EVENTS
from aqboard.sessions.control import start
from aqboard.sessions.events import lines
from aqboard.store import Store
from aqboard.store.sessions import Sessions
from tests.dashboard.test_run_page import ROOT, STUBS, shown, until_over, until_true
from tests.sample_attempts import sample_plan

HELD_S = 30
HOLDER = f"""
import pathlib, sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep({HELD_S})
while not pathlib.Path(sys.argv[2]).exists():
    time.sleep(0.1)
database.rollback()
"""


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that are started from here on have stub probes."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STUBS), str(ROOT)]))


def aqboard(*words: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "aqboard.cli", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def holder(samples) -> Iterator["subprocess.Popen[str]"]:
    """Holds the database for HELD_S and then until there is a file `let go` beside it."""
    words = [sys.executable, "-c", HOLDER, str(samples.database), str(samples.database.parent / "let go")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def kept(store: Store, uid: str) -> list[tuple[int, int, str]]:
    sql = "SELECT first_byte, next_byte, sha256 FROM session_events WHERE session = ? ORDER BY id"
    return list(store.db.execute(sql, [uid]).fetchall())


def test_on_a_shared_disk_where_readers_wait_for_writers_a_page_waits_until_it_can_read(samples, mounted, open_page):
    mounted("lustre", "rw,flock")
    app = open_page("run", samples.numbers["fixed"])
    holder = sqlite3.connect(samples.database, isolation_level=None, check_same_thread=False)
    assert holder.execute("PRAGMA journal_mode").fetchone() == ("delete",), "there is no write-ahead log"
    holder.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(1.5, holder.rollback)
    release.start()
    app.run()
    assert not app.exception and not app.error
    assert "Run the checks of this attempt" in shown(app)
    release.join()
    holder.close()


@pytest.mark.slow
@pytest.mark.usefixtures("stubbed")
def test_half_a_minute_loses_nothing_and_everybody_says_what_they_wait_for(samples, open_page, request) -> None:
    number = samples.numbers["not_run"]
    with Store(samples.database) as store:
        row = start(store, store.attempt(number).attempt, requested_by="Ada")
    events = row.folder / EVENTS
    until_true(lambda: events.exists() and b"session_ended" in events.read_bytes())
    inputs = samples.database.parent / "inputs"
    plan = inputs / "next.yaml"
    plan.write_text(yaml.safe_dump(sample_plan(inputs).model_dump(mode="json", exclude_none=True)))

    holder = request.getfixturevalue("holder")
    assert holder.stdout.readline() == "held\n"
    commands = [aqboard("sessions", "--db", samples.database), aqboard("check", plan, "--db", samples.database)]
    for page in ("run", "readiness"):
        app = open_page(page, number)
        assert not app.exception and not app.error
        assert "could not be stored" in shown(app), "who looks is told why nothing is new"
        assert "another process has held it for more than 0.5 s" in shown(app)
    assert holder.poll() is None, "all of that while it was held"
    (samples.database.parent / "let go").touch()

    for command in commands:
        _, said = command.communicate(timeout=120)
        assert command.returncode == 0, said
        assert "waiting: the database is held by another process" in said
        assert "nothing is lost" in said
    with Store(samples.database) as store:
        rows = Sessions(store).all()
        assert [each.number for each in rows] == [2, 1]
        for each in rows:
            until_over(store, each)
            written = lines(each.folder / EVENTS, 0)
            digests = [(line.begin, line.end, hashlib.sha256(line.text).hexdigest()) for line in written]
            assert kept(store, each.session.uid) == digests
            assert store.attempt(each.attempt).readiness.state is State.READY
    assert "Every check that can block the launch passed" in shown(open_page("readiness", number))
