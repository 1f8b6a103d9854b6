"""Checks started from the board, in a real browser and a real session; only the probes are stubs."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from aqboard.domain.readiness import State
from aqboard.domain.session.check_session import SessionState
from aqboard.store import Store
from aqboard.store.sessions import Sessions
from tests.e2e.conftest import ROOT, Board, serve
from tests.e2e.test_journey import settled, visit
from tests.sample_attempts import fill

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IDLE_MS = 4000


@pytest.fixture
def stubbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a filled database; whatever starts below has stub probes."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "tests" / "stub_probes"), str(ROOT)]))
    yield tmp_path
    (tmp_path / "hold").unlink(missing_ok=True)
    for folder in (tmp_path / "sessions").glob("*"):
        (folder / "cancel").touch()


def served(folder: Path, numbers: dict[str, int], server: serve) -> Board:
    return Board(f"http://127.0.0.1:{server.port}", folder / "board.db", numbers, server.pid)


def start(page: Page, name: str) -> None:
    page.get_by_role("textbox", name="Your name").fill(name)
    page.get_by_role("textbox", name="Your name").press("Tab")
    settled(page)
    page.get_by_role("button", name="Run checks", exact=True).click()
    expect(page.get_by_text("load: step").first).to_be_visible()


def test_start_watch_cancel_and_a_server_that_is_killed_in_between(page: Page, stubbed: Path) -> None:
    database, hold = stubbed / "board.db", stubbed / "hold"
    with Store(database, create=True) as store:
        numbers = fill(store, stubbed / "inputs")
    hold.write_text("load")
    with serve(database, stubbed) as server:
        board = served(stubbed, numbers, server)
        visit(page, board, "run", "not_run")
        page.evaluate("() => { window.neverReloaded = true }")
        start(page, "Ada <b>Lovelace</b>")
        first = page.get_by_text("load: step").first.inner_text()
        expect(page.get_by_text("load: step").first).not_to_have_text(first)  # it moves by itself
        expect(page.get_by_text("asked for by Ada <b>Lovelace</b>")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Session 1 is cancelled.")).to_be_visible()
        assert page.evaluate("() => window.neverReloaded"), "the page was not loaded again"
        assert quiet(page), "nothing asks again when nothing runs"

        start(page, "Grace Hopper")
        os.kill(server.pid, signal.SIGKILL)
    with Store(database) as store:
        assert [row.number for row in Sessions(store).all(open_only=True)] == [2]
    with serve(database, stubbed) as server:
        board = served(stubbed, numbers, server)
        visit(page, board, "run", "not_run")
        expect(page.get_by_text("running · session 2")).to_be_visible()
        expect(page.get_by_text("asked for by Grace Hopper")).to_be_visible()
        hold.unlink()
        expect(page.get_by_text("Session 2 is done.")).to_be_visible()
        expect(page.get_by_text(f"Attempt {numbers['not_run']} is ✅ READY")).to_be_visible()
        expect(page.get_by_role("combobox", name="Attempt")).to_have_value(re.compile("✅ READY · interrupted"))
    with Store(database) as store:
        ended = Sessions(store).closings([row.session.uid for row in Sessions(store).all()])
        assert store.attempt(numbers["not_run"]).readiness.state is State.READY
    assert sorted(standing.state for standing in ended.values()) == [SessionState.CANCELLED, SessionState.DONE]


def quiet(page: Page) -> bool:
    """Whether the browser sends nothing for a while, seen from a page that was opened anew."""
    sent: list[object] = []

    def note(frame: object) -> None:
        sent.append(frame)

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", note)

    page.on("websocket", watch)
    page.reload()
    settled(page)
    page.wait_for_timeout(1000)
    before = len(sent)
    page.wait_for_timeout(IDLE_MS)
    page.remove_listener("websocket", watch)
    return before > 0 and len(sent) == before
