"""Every page in a real Chromium: the time until it is drawn, on an empty board and on a long history.

`first` is a browser that was never here: it fetches the board's own files and begins a Streamlit session. `next` is the
same browser coming by the same link again. The clock stops when Streamlit's script has ended and nothing on the page is
a placeholder any more. Both servers have drawn every page once before.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from aqboard.domain.attempt import Attempt
from aqboard.domain.session.check_session import CheckSession, SessionState, SessionStatus
from aqboard.domain.session.events import Ended, EventLine, ProbeOutcome, SessionEnded, SessionStarted
from aqboard.store import Store
from aqboard.store.sessions import Sessions
from aqboard.store.sqlite.transaction import writing
from benchmarks.timing import duration, machine
from tests.e2e.conftest import CHROMIUM_FLAGS, serve
from tests.sample_attempts import fill, fill_many

ATTEMPTS, SESSIONS_EACH, WITH_EVIDENCE = 1000, 3, 6
PAGES = ("readiness", "run", "checkpoint", "caches", "forward", "losses", "launch", "lint", "history", "audit")
PROBES = ("file", "curve")
DRAWN = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    return app && app.dataset.testScriptState === 'notRunning'
        && document.querySelector('h1') && !document.querySelector('[data-testid="stSkeleton"]');
}"""
LIMIT_MS = 120_000


def fill_board(path: Path) -> int:
    """ATTEMPTS attempts with SESSIONS_EACH ended sessions each; the number of the one that the pages show."""
    with Store(path, create=True) as store, writing(store.db):
        fill_many(store, path.parent, ATTEMPTS - WITH_EVIDENCE)
        numbers = fill(store, path.parent / "inputs")
        for number in range(1, ATTEMPTS + 1):
            attempt = store.attempt(number).attempt
            for _ in range(SESSIONS_EACH):
                _add_session(Sessions(store), attempt, path.parent / "sessions")
    return numbers["fixed"]


def _add_session(sessions: Sessions, attempt: Attempt, folder: Path) -> None:
    session = CheckSession(
        attempt=attempt.uid,
        backend="local",
        requested_by="Ada",
        checks=attempt.checks,
        probes=PROBES,
        limits=dict.fromkeys(PROBES, 60.0),
    )
    row = sessions.add(session, attempt, folder / session.uid)
    ended = [Ended(outcome=ProbeOutcome(probe=probe, status="unavailable", message="a benchmark")) for probe in PROBES]
    lines: list[EventLine] = []
    for event in (SessionStarted(host="nid001", pid=7), *ended, SessionEnded(state="done")):
        text, begin = event.model_dump_json().encode(), lines[-1].end if lines else 0
        lines.append(EventLine(begin, begin + len(text) + 1, text))
    sessions.add_lines(row, lines)
    sessions.close(row, SessionStatus(state=SessionState.DONE, by_itself=True), lines[-1].end, ())


def visits(browser: Browser, url: str) -> tuple[float, float]:
    """Seconds until the page is drawn, the first time and the next."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.wait_for_function(DRAWN, timeout=LIMIT_MS)
        taken.append(time.perf_counter() - began)
    context.close()
    return taken[0], taken[1]


def run(chromium: str, repeats: int) -> str:
    """Both boards, page by page in turn, so that a busy machine slows both alike; a markdown table of medians."""
    found: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        empty, full = Path(folder, "empty", "board.db"), Path(folder, "full", "board.db")
        for path in (empty, full):
            path.parent.mkdir()
        Store(empty, create=True).db.close()
        shown = fill_board(full)
        with (
            serve(empty, empty.parent) as no_history,
            serve(full, full.parent) as history,
            sync_playwright() as playwright,
        ):
            boards = {"empty": (no_history.port, ""), "full": (history.port, f"?attempt={shown}")}
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
            for turn in range(repeats + 1):
                for page in PAGES:
                    for name, (port, query) in boards.items():
                        taken = visits(browser, f"http://127.0.0.1:{port}/{'' if page == PAGES[0] else page}{query}")
                        if turn:
                            found[page, name].append(taken)
            browser.close()
    return _table(found)


def _table(found: dict[tuple[str, str], list[tuple[float, float]]]) -> str:
    sessions = ATTEMPTS * SESSIONS_EACH
    lines = [
        f"| page | empty board: first | next | {ATTEMPTS} attempts, {sessions} sessions: first | next | its spread |",
        "|---|---|---|---|---|---|",
    ]
    for page in PAGES:
        times = [[each[visit] for each in found[page, name]] for name in ("empty", "full") for visit in (0, 1)]
        cells = [duration(statistics.median(each)) for each in times]
        spread = (max(times[-1]) - min(times[-1])) / statistics.median(times[-1])
        lines.append(f"| {page} | {' | '.join(cells)} | {spread:.0%} |")
    return "\n".join(lines)


def main() -> None:
    """What `python -m benchmarks.bench_pages [--quick]` does; without a Chromium it says so and measures nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one visit each instead of three")
    quick = parser.parse_args().quick
    chromium = os.environ.get("AQBOARD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("Not measured: there is no Chromium here. Install one, or name it in AQBOARD_CHROMIUM.")
        return
    table = run(chromium, 1 if quick else 3)
    print(f"{machine()}, medians of {1 if quick else 3}\n\n{table}")


if __name__ == "__main__":
    main()
