"""What a person does with the board, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from aqboard.domain.signing.signoff import Decision
from aqboard.show.compare import finding_differences
from aqboard.store import Store
from tests.dashboard.conftest import PAGES
from tests.e2e.conftest import Board

pytestmark = [pytest.mark.browser, pytest.mark.slow]

expect.set_options(timeout=20_000)  # a busy machine is no fault of the board's


def visit(page: Page, board: Board, path: str, attempt: str) -> None:
    """Open a link to a page and wait until it is drawn."""
    page.goto(f"{board.url}/{path}?attempt={board.numbers[attempt]}")
    settled(page)


def settled(page: Page) -> None:
    """Wait until Streamlit's script has ended and nothing is a placeholder any more."""
    page.wait_for_function(
        "() => { const app = document.querySelector('[data-testid=\"stApp\"]');"
        " return app && app.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-testid=\"stSkeleton\"]'); }",
        timeout=30_000,
    )


def test_from_a_link_to_the_signed_script(page: Page, board: Board) -> None:
    # The very first request to the server is a link to an inner page, as a colleague would send it.
    visit(page, board, "launch", "as_found")
    expect(page.get_by_text("GO is not possible now")).to_be_visible()
    expect(page.get_by_role("radiogroup", name="Decision").get_by_text("GO", exact=True)).to_have_count(0)

    page.get_by_role("link", name="Readiness").click()
    expect(page.get_by_role("heading", name="NOT READY")).to_be_visible()
    expect(page.get_by_text("lead_times is [2, 1], the model wants [2]").first).to_be_visible()

    page.get_by_role("combobox", name="Attempt").click()
    page.get_by_role("option", name=re.compile("fixed: 400 GPUs")).click()
    expect(page.get_by_role("heading", name="✅ READY")).to_be_visible()
    assert page.url.endswith(f"attempt={board.numbers['fixed']}")

    page.get_by_role("link", name="Launch", exact=True).click()
    expect(page.get_by_text("GO is possible")).to_be_visible()
    page.get_by_role("textbox", name="Your name").fill("Ammar K.")
    page.get_by_role("radiogroup", name="Decision").get_by_text("GO", exact=True).click()
    page.get_by_role("textbox", name="Comment").fill("All five tests passed.")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("heading", name="The signed script")).to_be_visible()

    with Store(board.database) as store:
        stored = store.attempt(board.numbers["fixed"])
    (signoff,), (script,) = stored.signoffs, stored.scripts
    assert (signoff.person, signoff.decision, signoff.identified_by) == ("Ammar K.", Decision.GO, "none")
    assert signoff.comment == "All five tests passed."
    assert Path(script.path).read_text() == script.text
    assert "Ammar K." in script.text
    expect(page.get_by_text(script.path).first).to_be_visible()
    expect(page.get_by_text("✅ holds")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the script").click()
    assert download.value.path().read_text() == script.text


def test_a_go_is_void_once_an_input_has_changed(page: Page, board: Board) -> None:
    visit(page, board, "launch", "fixed")
    checkpoint = board.database.parent / "inputs" / "best.ckpt"
    before = checkpoint.read_bytes()
    try:
        checkpoint.write_bytes(before + b"another epoch")
        page.reload()
        settled(page)
        expect(page.get_by_text("GO is not possible now")).to_be_visible()
        expect(
            page.get_by_text(re.compile("checkpoint.path: .* has changed since it was checked")).first
        ).to_be_visible()
    finally:
        checkpoint.write_bytes(before)


def test_two_attempts_are_compared(page: Page, board: Board) -> None:
    visit(page, board, "history", "fixed")
    table = page.get_by_test_id("stDataFrame").first
    box = table.bounding_box()
    assert box is not None
    # The cells are drawn on a canvas: the tick boxes are found by place, below a heading of 35 pixels.
    for row in (0, len(board.numbers) - 1):
        page.mouse.click(box["x"] + 15, box["y"] + 35 * (row + 1.5))
        settled(page)
    numbers = sorted((board.numbers["as_found"], board.numbers["fixed"]))
    with Store(board.database) as store:
        differing = len(finding_differences([store.attempt(number) for number in numbers]))
    expect(page.get_by_role("heading", name=f"Compared: attempts {numbers[0]}, {numbers[1]}")).to_be_visible()
    expect(page.get_by_text(f"Verdicts: {differing} differ")).to_be_visible()
    expect(page.get_by_text("Plan: 1 differs")).to_be_visible()
    expect(page.get_by_text("Input files (SHA-256): no difference")).to_be_visible()


@pytest.mark.parametrize("path", ["", "checkpoint", "caches", "forward", "losses", "launch", "history"])
def test_texts_of_strangers_stay_texts(path: str, page: Page, board: Board) -> None:
    """Names that are markup show as they are written: no element, link, formula or script comes out of them."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    visit(page, board, path, "hostile")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_role("heading").first).to_be_visible()
    assert main.locator("script, img[src*=evil], img[src=x], a[href*=evil], a[href^=javascript]").count() == 0
    assert main.locator(".katex, [data-testid=stIconMaterial]:text-is('x'), .stMarkdownBadge").count() == 0
    assert main.locator("p strong:text-is('b'), p em:text-is('i'), p del").count() == 0
    if path != "history":
        shown = main.inner_text().replace("\N{WORD JOINER}", "")
        assert "<script>alert('x')</script>:material/x: :smile: :red[r] :blue-badge[b] :streamlit:" in shown
        assert r"[x](javascript:alert(1)) ![i](http://evil.example/i.png) $\LaTeX$ $$x^2$$" in shown
        assert "a -> b <-> c -- d >= e &lt;b&gt; &#58;" in shown
    assert not [
        url for url in asked if not url.startswith((board.url, "data:", "blob:", board.url.replace("http", "ws")))
    ]


def test_the_server_holds_no_torch_once_every_page_was_shown(page: Page, board: Board) -> None:
    for name in PAGES:
        visit(page, board, "" if name == "readiness" else name, "fixed")
    mapped = Path(f"/proc/{board.pid}/maps").read_text()
    assert "python" in mapped
    assert "libtorch" not in mapped


def test_nothing_is_wider_than_a_narrow_screen(browser: Browser, board: Board) -> None:
    context = browser.new_context(viewport={"width": 700, "height": 900})
    page = context.new_page()
    for path in ("", "launch", "losses"):
        visit(page, board, path, "hostile")
        wide = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=\"stMain\"]');"
            " return m.scrollWidth - m.clientWidth }"
        )
        assert wide <= 1, f"/{path} scrolls sideways by {wide} pixels"
    context.close()
