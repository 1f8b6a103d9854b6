"""The board that the pages are measured on holds what the table says; and without a Chromium nothing is measured."""

import subprocess
import sys

from aqboard.store import Store
from aqboard.store.sessions import Sessions
from benchmarks import bench_pages


def test_the_board_holds_the_attempts_and_their_ended_sessions(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_pages, "ATTEMPTS", bench_pages.WITH_EVIDENCE + 2)
    shown = bench_pages.fill_board(tmp_path / "board.db")
    with Store(tmp_path / "board.db") as store:
        attempts = store.attempts()
        sessions = Sessions(store).all()
        assert len(attempts) == bench_pages.ATTEMPTS
        assert len(sessions) == bench_pages.ATTEMPTS * bench_pages.SESSIONS_EACH
        assert Sessions(store).all(open_only=True) == ()
        assert store.attempt(shown).attempt.name.startswith("fixed")


def test_without_a_chromium_it_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("AQBOARD_CHROMIUM", raising=False)
    done = subprocess.run([sys.executable, "-m", "benchmarks.bench_pages"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Not measured: there is no Chromium here")
