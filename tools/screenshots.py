"""Take the pictures of the documentation from a running board that shows the demo's two attempts.

    aqboard demo && aqboard serve &
    python tools/screenshots.py LINK [NAME ...]

LINK is the one that `aqboard serve` prints; NAMEs take only these pictures. The database must be one that nobody has
signed in yet, since one picture shows a GO and one shows checks at work. Needs a Chromium (AQBOARD_CHROMIUM names one
that is not on PATH).
"""

import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
FAULTY_SCRIPT = ROOT / "tests" / "lint" / "corpus" / "02_lumi_typical.sh"
AS_FOUND, FIXED = 1, 2
COLOURS = 256
"""A palette makes the files half the size, and keeps the signs' colours."""


@dataclass(frozen=True)
class Shot:
    """One picture: page, attempt, height in pixels, and what to do before it is taken."""

    name: str
    path: str
    attempt: int
    height: int
    before: Callable[[Page], None] = lambda page: None
    theme: Literal["light", "dark"] = "light"


def settled(page: Page) -> None:
    """Wait until the page is drawn."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-testid=stSkeleton]')"
    )
    page.wait_for_timeout(1500)


def open_differences(page: Page) -> None:
    """Open the tab that compares two caches."""
    page.get_by_role("tab", name="What differs").click()
    page.wait_for_selector(".js-plotly-plot")
    settled(page)


def compare_both(page: Page) -> None:
    """Tick both rows of the history."""
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    for row in (0, 1):
        page.mouse.click(box["x"] + 15, box["y"] + 35 * (row + 1.5))
        settled(page)


def say_go(page: Page) -> None:
    """Sign off the attempt, as a person would."""
    page.get_by_role("textbox", name="Your name").fill("Grace")
    page.get_by_role("radiogroup", name="Decision").get_by_text("GO", exact=True).click()
    page.get_by_role("textbox", name="Comment").fill("Starts from the baseline's 0.1178.")
    page.get_by_role("button", name="Record the decision").click()
    page.get_by_role("heading", name="The signed script").wait_for()
    settled(page)


def lint_a_script(page: Page) -> None:
    """Paste a typical script with faults."""
    page.get_by_role("textbox", name="Script").fill(FAULTY_SCRIPT.read_text(encoding="utf-8"))
    page.get_by_role("button", name="Lint").click()
    page.get_by_role("heading", name="Findings").wait_for()
    page.get_by_role("textbox", name="Script").evaluate("field => { field.scrollTop = 0 }")
    settled(page)


def verify_the_log(page: Page) -> None:
    """Follow the chain of the audit log."""
    page.get_by_role("button", name="Verify the log").click()
    page.get_by_text("The log is whole").wait_for()
    settled(page)


def run_checks(page: Page) -> None:
    """Start the attempt's checks and wait until some have said something."""
    page.get_by_role("textbox", name="Your name").fill("Ada")
    page.get_by_role("textbox", name="Your name").press("Tab")
    settled(page)
    page.get_by_role("button", name="Run checks", exact=True).click()
    page.get_by_role("button", name="Cancel").wait_for()
    page.get_by_text(re.compile("(measured.*){9}", re.DOTALL)).first.wait_for(timeout=120_000)


SHOTS = (
    Shot("readiness-as-found", "", AS_FOUND, 1080),
    Shot("readiness-fixed-dark", "", FIXED, 800, theme="dark"),
    Shot("checkpoint-as-found", "checkpoint", AS_FOUND, 1180),
    Shot("caches-as-found", "caches", AS_FOUND, 900),
    Shot("caches-differences", "caches", AS_FOUND, 2000, open_differences),
    Shot("forward-as-found", "forward", AS_FOUND, 860),
    Shot("losses-as-found", "losses", AS_FOUND, 1000),
    Shot("launch-not-signed", "launch", AS_FOUND, 1250),
    Shot("launch-signed", "launch", FIXED, 1900, say_go),
    Shot("lint", "lint", FIXED, 1500, lint_a_script),
    Shot("audit-dark", "audit", FIXED, 1000, verify_the_log, theme="dark"),
    Shot("history-compared", "history", FIXED, 1150, compare_both),
    Shot("run-at-work", "run", FIXED, 1050, run_checks),
)


def main(link: str, *names: str) -> None:
    """Take the pictures of the list, or those that are named."""
    base, _, token = link.partition("?")
    chromium = os.environ.get("AQBOARD_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in SHOTS if not names else [shot for shot in SHOTS if shot.name in names]:
            context = browser.new_context(
                viewport={"width": 1280, "height": shot.height}, color_scheme=shot.theme, reduced_motion="reduce"
            )
            page = context.new_page()
            page.goto(f"{base.rstrip('/')}/{shot.path}?attempt={shot.attempt}&{token}")
            settled(page)
            shot.before(page)
            page.mouse.move(1275, 5)
            page.wait_for_timeout(500)  # until the last button's tooltip has gone
            file = IMAGES / f"{shot.name}.png"
            page.screenshot(path=file)
            Image.open(file).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
            context.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
