"""The access token in a real browser: asked for once, and for everything."""

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from aqboard.store import Store
from tests.e2e.conftest import Board, serve
from tests.e2e.test_journey import settled
from tests.sample_attempts import fill

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOKEN = secrets.token_urlsafe(32)


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    folder = tmp_path_factory.mktemp("gated")
    database = folder / "board.db"
    with Store(database, create=True) as store:
        numbers = fill(store, folder / "inputs")
    with serve(database, folder, TOKEN) as server:
        yield Board(f"http://127.0.0.1:{server.port}", database, numbers, server.pid)


def test_the_token_is_typed_once_and_then_every_door_is_open(page: Page, gated: Board) -> None:
    number = gated.numbers["as_found"]
    page.goto(f"{gated.url}/checkpoint?attempt={number}")
    expect(page.get_by_role("heading", name="This board asks for its access token")).to_be_visible()
    assert "400 GPUs" not in page.content()
    page.get_by_label("Access token").fill("not the token")
    page.get_by_role("button", name="Open the board").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the token")
    page.get_by_label("Access token").fill(TOKEN)
    page.keyboard.press("Enter")
    settled(page)
    expect(page.get_by_role("heading", name="Checkpoint", exact=True)).to_be_visible()
    assert page.url == f"{gated.url}/checkpoint?attempt={number}"

    page.reload()
    settled(page)
    expect(page.get_by_role("heading", name="Checkpoint", exact=True)).to_be_visible()
    second = page.context.new_page()
    second.goto(f"{gated.url}/history")
    settled(second)
    expect(second.get_by_role("heading", name="History")).to_be_visible()


def test_a_link_with_the_token_opens_its_page_and_its_downloads(page: Page, browser: Browser, gated: Board) -> None:
    page.goto(f"{gated.url}/lint?attempt={gated.numbers['fixed']}&token={TOKEN}")
    settled(page)
    assert TOKEN not in page.url
    page.get_by_role("textbox", name="Script").fill("#!/bin/bash\nsrun -c 2 python train.py\n")
    page.get_by_role("button", name="Lint").click()
    settled(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as JSON").click()
    assert "findings" in download.value.path().read_text()
    (media,) = {url for url in (*asked, download.value.url) if url.startswith(f"{gated.url}/media/")}

    stranger = browser.new_context()
    for url in (media, f"{gated.url}/_stcore/metrics"):
        assert stranger.request.get(url).status == 401
    met = stranger.new_page()
    met.goto(f"{gated.url}/_stcore/health")
    refused = met.evaluate(
        "url => new Promise(told => { const s = new WebSocket(url);"
        " s.onopen = () => told('open'); s.onclose = () => told('closed') })",
        gated.url.replace("http", "ws") + "/_stcore/stream",
    )
    assert refused == "closed"
    stranger.close()
