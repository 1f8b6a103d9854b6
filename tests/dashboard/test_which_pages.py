"""Every page is known to those who draw it, visit it and take its picture; and the guide's page works."""

import re
import shutil
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import aqboard.web.pages
from aqboard.web import board
from tests.dashboard.conftest import APP, PAGES, words
from tools.screenshots import IMAGES, SHOTS

ROOT = APP.parent
LISTED = re.findall(r'st\.Page\("pages/(\w+)\.py"', APP.read_text(encoding="utf-8"))
"""The pages of `app.py`, in their order."""


def test_every_file_of_a_page_is_listed_and_every_listed_page_has_its_file() -> None:
    assert sorted(LISTED) == sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
    assert len(LISTED) == APP.read_text(encoding="utf-8").count("st.Page("), "a page that this test cannot read"


def test_every_page_is_drawn_for_every_kind_of_attempt_and_visited_in_a_browser() -> None:
    assert sorted(PAGES) == sorted(LISTED), "add its title to PAGES in tests/dashboard/conftest.py"


def test_every_page_has_a_picture() -> None:
    addresses = {"" if name == LISTED[0] else name for name in LISTED}
    assert {shot.path for shot in SHOTS} == addresses, "add a Shot to tools/screenshots.py"
    assert [shot.name for shot in SHOTS if not (IMAGES / f"{shot.name}.png").is_file()] == []


@pytest.fixture
def with_the_guides_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `app.py` and `pages/` with the page of docs/adding_a_page.md; the copied `app.py`."""
    show, address, listed = re.findall(r"```python\n(.*?)```", (ROOT / "docs/adding_a_page.md").read_text(), re.DOTALL)
    shutil.copytree(ROOT / "pages", tmp_path / "pages")
    (tmp_path / "pages" / "inputs.py").write_text(address)
    (line,) = re.findall(r"^ +st\.Page\(.*\),$", listed, re.MULTILINE)
    app = tmp_path / "app.py"
    app.write_text(APP.read_text().replace("PAGES = (\n", f"PAGES = (\n{line}\n"))
    folder = tmp_path / "shows"
    folder.mkdir()
    (folder / "inputs.py").write_text(show)
    monkeypatch.setattr(board, "project_folder", lambda: tmp_path)
    monkeypatch.setattr(aqboard.web.pages, "__path__", [*aqboard.web.pages.__path__, str(folder)])
    yield app
    sys.modules.pop("aqboard.web.pages.inputs", None)
    vars(aqboard.web.pages).pop("inputs", None)


@pytest.mark.parametrize("kind", ["as_found", "not_run", "hostile"])
def test_the_page_of_the_guide_is_drawn(kind: str, samples, with_the_guides_page: Path) -> None:
    app = AppTest.from_file(str(with_the_guides_page), default_timeout=60)
    app.query_params["attempt"] = str(samples.numbers[kind])
    app.run().switch_page("pages/inputs.py").run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Input files"]
    assert "checkpoint" in words(app)
