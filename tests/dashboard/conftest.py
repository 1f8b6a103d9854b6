"""Pages drawn by Streamlit's own test runner, on a database with sample attempts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aqboard.store import Store
from tests.sample_attempts import fill

APP = Path(__file__).resolve().parents[2] / "app.py"
PAGES = {
    "readiness": "Readiness",
    "run": "Run checks",
    "checkpoint": "Checkpoint",
    "caches": "Scan caches",
    "forward": "Forward pass",
    "losses": "Losses",
    "launch": "Launch",
    "lint": "Script lint",
    "history": "History",
    "audit": "Audit",
}


@dataclass(frozen=True)
class Samples:
    """A filled database, and the attempts' numbers by what they are."""

    database: Path
    numbers: dict[str, int]


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Samples:
    database = tmp_path / "board.db"
    with Store(database, create=True) as store:
        numbers = fill(store, tmp_path / "inputs")
    monkeypatch.setenv("AQBOARD_DB", str(database))
    return Samples(database, numbers)


@pytest.fixture
def open_page() -> Callable[[str, int | None], AppTest]:
    """Open a page on an attempt, as a link `?attempt=N` does."""

    def opened(page: str, attempt: int | None = None) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        if attempt is not None:
            app.query_params["attempt"] = str(attempt)
        app.run()
        if page != "readiness":
            app.switch_page(f"pages/{page}.py").run()
        return app

    return opened


def words(app: AppTest) -> str:
    """Every text on the page, as it was sent to the browser."""
    kinds = (
        "title",
        "header",
        "subheader",
        "markdown",
        "caption",
        "text",
        "code",
        "error",
        "warning",
        "success",
        "info",
    )
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))
