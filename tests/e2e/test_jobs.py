"""A launch at Slurm, followed in a real browser. Slurm is three small programs here; tests/slurm has a real one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from aqboard.domain.signing.signoff import Decision
from aqboard.signing.decide import decide
from aqboard.store import Store
from tests.e2e.conftest import Board, serve
from tests.e2e.test_journey import settled, visit
from tests.sample_attempts import fill
from tests.sample_jobs import add_jobs

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROGRAMS = {
    "sbatch": "echo 'sbatch: error: not in this test' >&2; exit 1",
    "scancel": 'echo "$1" >> "$0.asked"',
    "squeue": """
if [ -e "$0.forgot" ]; then echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1; fi
echo '1002|RUNNING|0|nid[005000-005049]|2-00:00:00|2026-11-25T09:40:00|N/A|None'
""",
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slurm")
    for name, text in PROGRAMS.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Iterator[Board]:
    """A board whose attempt is signed, submitted, and running."""
    folder = tmp_path_factory.mktemp("launched")
    database = folder / "board.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(programs), prepend=":")
        with Store(database, create=True) as store:
            numbers = fill(store, folder / "inputs")
            decide(store, numbers["fixed"], person="Ada", decision=Decision.GO)
            add_jobs(store, numbers["fixed"], "running")
        with serve(database, folder) as server:
            yield Board(f"http://127.0.0.1:{server.port}", database, numbers, server.pid)


def test_cancelled_forgotten_settled_and_offered_again(page: Page, launched: Board, programs: Path) -> None:
    visit(page, launched, "launch", "fixed")
    expect(page.get_by_text("▶️ running")).to_be_visible()
    expect(page.get_by_role("button", name="Submit again: 400 GPUs")).to_have_count(0)
    expect(page.get_by_role("button", name="Record how it ended")).to_have_count(0)

    (programs / "squeue.forgot").touch()
    page.get_by_role("button", name="Cancel ...").click()
    page.get_by_role("textbox", name="Your name").last.fill("Grace")
    page.get_by_role("button", name="Cancel the launch, job 1002").click()
    expect(page.get_by_text("Slurm was asked to cancel job 1002.")).to_be_visible()
    assert (programs / "scancel.asked").read_text() == "1002\n"
    settled(page)

    expect(page.get_by_text("How did the launch, job 1002, end?")).to_be_visible()
    page.get_by_role("radiogroup", name="End").get_by_text("was cancelled").click()
    form = page.get_by_test_id("stForm").filter(has_text="How did the launch")
    form.get_by_role("textbox", name="Your name").fill("Grace")
    form.get_by_role("textbox", name="How you know").fill("scancel took it")
    form.get_by_role("button", name="Record how it ended").click()
    expect(page.get_by_text("Job 1002 was cancelled, because Grace says so.")).to_be_visible()
    expect(page.get_by_text("🚫 cancelled (said by a person)")).to_be_visible()
    expect(page.get_by_role("button", name="Submit again: 400 GPUs")).to_be_visible()
