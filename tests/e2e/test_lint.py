"""The lint page in a real browser: a script with faults, the same by its path, a clean one, and what is none."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Board, serve
from tests.e2e.test_journey import settled
from tests.lint.lint_corpus import FOLDER

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def linter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board without a database that may read one folder."""
    folder = tmp_path_factory.mktemp("lint")
    (folder / "jobs").mkdir()
    shutil.copy(FOLDER / "02_lumi_typical.sh", folder / "jobs" / "train.sh")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AQBOARD_SEARCH_ROOTS", str(folder / "jobs"))
        with serve(folder / "none.db", folder) as server:
            yield Board(f"http://127.0.0.1:{server.port}", folder / "none.db", {}, server.pid)


@pytest.fixture
def lint_page(page: Page, linter: Board) -> Page:
    page.goto(f"{linter.url}/lint")
    settled(page)
    return page


def paste(page: Page, script: str) -> None:
    page.get_by_role("textbox", name="Script").fill(script)
    page.get_by_role("button", name="Lint").click()
    settled(page)


def test_faults_stand_beside_their_lines_with_why_and_fix(lint_page: Page) -> None:
    script = (FOLDER / "02_lumi_typical.sh").read_text()
    paste(lint_page, script)
    expect(lint_page.get_by_text("12 errors and 5 warnings of 14 rules")).to_be_visible()
    at = 1 + next(i for i, line in enumerate(script.splitlines()) if "export RANK=$SLURM_PROCID" in line)
    found = lint_page.get_by_text(re.compile(rf"❌ error · line {at} · rule 3 rank"))
    expect(found).to_be_visible()
    shown = lint_page.get_by_test_id("stCode").first.inner_text()
    assert re.search(rf"^\s*{at} .*export RANK=\$SLURM_PROCID\n+.*❌ error 3 rank:", shown, re.MULTILINE)
    with lint_page.expect_download() as download:
        lint_page.get_by_role("button", name="Download as JSON").click()
    assert '"rule": "rank"' in download.value.path().read_text()


def test_a_file_is_read_where_the_board_may_and_nowhere_else(lint_page: Page, linter: Board) -> None:
    lint_page.get_by_role("radiogroup", name="The script is").get_by_text("a file").click()
    settled(lint_page)
    file = lint_page.get_by_role("textbox", name="File")
    file.fill("train.sh")
    lint_page.get_by_role("button", name="Lint").click()
    expect(lint_page.get_by_text("Held against lumi-g")).to_be_visible()
    outside = Path(linter.database.parent / "secret.sh")
    outside.write_text("#!/bin/bash\n# a secret\n")
    file.fill("../secret.sh")
    lint_page.get_by_role("button", name="Lint").click()
    expect(lint_page.get_by_text("This cannot be judged")).to_be_visible()
    expect(lint_page.get_by_text("a secret")).to_have_count(0)


def test_a_clean_script_says_so(lint_page: Page) -> None:
    paste(lint_page, (FOLDER / "01_lumi_good.sbatch").read_text())
    expect(lint_page.get_by_text("No finding in 37 lines")).to_be_visible()
    expect(lint_page.get_by_text("Findings")).to_be_visible()


@pytest.mark.parametrize(
    ("garbage", "said"),
    [
        ("   ", "This cannot be judged"),
        ("if then fi ((( \U0001f525 \u202e <script>alert(1)</script>\n" * 50, None),
        ("x" * 50_000, None),
    ],
)
def test_garbage_is_judged_or_refused_in_words(garbage: str, said: str | None, lint_page: Page) -> None:
    lint_page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    paste(lint_page, garbage)
    told = lint_page.get_by_role("alert").first
    expect(told).to_be_visible()
    if said:
        expect(told).to_contain_text(said)
    assert lint_page.locator("[data-testid=stMain] script").count() == 0
    main = lint_page.get_by_test_id("stMain")
    assert main.evaluate("m => m.scrollWidth - m.clientWidth") <= 1
