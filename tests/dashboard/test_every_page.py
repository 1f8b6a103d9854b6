"""Every page, on every kind of attempt, drawn twice."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aqboard.store import Store, access
from aqboard.web.board import PICKER_ROWS
from tests.dashboard.conftest import APP, PAGES, words
from tests.sample_attempts import fill_many

ROOT = APP.parent
KINDS = ("as_found", "fixed", "broken", "not_run", "hostile", "foreign")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_drawn_for_every_kind_of_attempt_and_again(name, samples, open_page):
    for kind in KINDS:
        app = open_page(name, samples.numbers[kind])
        for _ in range(2):
            assert not app.exception
            assert [title.value for title in app.title] == [PAGES[name]]
            app.run()


def test_the_link_chooses_the_attempt_and_the_address_keeps_it_on_every_page(samples, open_page):
    number = samples.numbers["as_found"]
    for name in PAGES:
        app = open_page(name, number)
        assert app.sidebar.selectbox[0].value == number
        assert "".join(app.query_params["attempt"]) == str(number)


@pytest.mark.parametrize("asked", ["999", "0", "-1", "abc", "²", "[x](javascript:alert(1))", ""])
def test_a_link_to_nowhere_shows_the_newest_and_says_so(asked, samples, open_page):
    app = open_page("readiness", asked)
    assert not app.exception
    assert app.sidebar.selectbox[0].value == max(samples.numbers.values())
    assert "is not in this database" in app.warning[0].value


def test_without_a_database_the_board_says_what_to_type(tmp_path, monkeypatch, open_page):
    monkeypatch.setenv("AQBOARD_DB", str(tmp_path / "none.db"))
    app = open_page("readiness")
    assert not app.exception
    assert [code.value for code in app.code] == [str(tmp_path / "none.db"), "aqboard demo", "aqboard check PLAN.yaml"]
    assert not (tmp_path / "none.db").exists(), "looking must not make one"


def test_an_empty_database_says_what_to_type(tmp_path, monkeypatch, open_page):
    database = tmp_path / "empty.db"
    Store(database, create=True).__exit__(None, None, None)
    monkeypatch.setenv("AQBOARD_DB", str(database))
    app = open_page("readiness")
    assert not app.exception
    assert "holds no attempts yet" in words(app)


@pytest.mark.parametrize("make", ["text", "stranger", "folder"])
def test_a_database_that_is_not_ours_is_refused_in_one_sentence(make, tmp_path, monkeypatch, open_page):
    path = tmp_path / "other.db"
    if make == "text":
        path.write_text("this is not a database " * 100)
    elif make == "folder":
        path.mkdir()
    else:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE cats (name)")
        other.close()
    monkeypatch.setenv("AQBOARD_DB", str(path))
    app = open_page("readiness")
    assert not app.exception
    assert len(app.error) == 1
    assert "other" in app.error[0].value


def test_a_database_on_a_shared_disk_is_shown_with_a_note(samples, mounted, open_page):
    mounted("lustre", "rw,flock")
    app = open_page("readiness")
    assert not app.exception
    assert "rollback journal" in app.sidebar.warning[0].value
    mounted("lustre", "rw,noflock")
    app = open_page("readiness")
    assert "locks may not reach" in app.error[0].value and len(app.title) == 0


def test_a_database_that_may_only_be_read_says_so_and_at_a_decision_again(samples, open_page, monkeypatch):
    monkeypatch.setattr(access, "_is_read_only", lambda _: True)
    app = open_page("launch", samples.numbers["fixed"])
    assert not app.exception
    assert "nothing can be recorded" in app.sidebar.warning[0].value
    app.text_input[0].set_value("Ada")
    app.radio[0].set_value("NO-GO")
    next(button for button in app.button if button.label == "Record the decision").click().run()
    assert not app.exception
    assert "this user may not write" in app.error[0].value
    assert not app.get("success") or "recorded" not in app.success[0].value


def test_evidence_of_another_version_is_told_and_hides_nothing_else(samples, open_page):
    with sqlite3.connect(samples.database) as database:
        uid = database.execute("SELECT uid FROM attempts WHERE number = ?", [samples.numbers["fixed"]]).fetchone()[0]
        database.execute(
            "INSERT INTO outcomes (attempt, recorded_at, probe, status, seconds, data) "
            "VALUES (?, '', 'forward', '', 0, ?)",
            [uid, '{"probe": "forward", "status": "measured", "evidence": {"of": "tomorrow"}}'],
        )
    database.close()
    app = open_page("forward", samples.numbers["fixed"])
    assert not app.exception
    assert "another version of aqboard" in app.error[0].value
    app = open_page("readiness", samples.numbers["fixed"])
    assert not app.exception and not app.error


def test_no_page_brings_torch_into_the_web_process():
    views = Path("aqboard/web")
    modules = [".".join(path.with_suffix("").parts) for path in sorted(views.rglob("*.py"))]
    program = f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\n"
    program += "print(sorted({'torch', 'lightning', 'pytorch_lightning', 'xarray'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_streamlit_runs_by_itself_goes_through_app_py(name, samples):
    """As the first request to a fresh server does, when it is a link to a page."""
    first = AppTest.from_file(str(APP), default_timeout=60).switch_page(f"pages/{name}.py").run()
    assert not first.exception
    assert [title.value for title in first.title] == [PAGES[name]]
    assert [box.label for box in first.sidebar.selectbox] == ["Attempt"], "the side bar is app.py's"


def test_a_long_history_is_listed_whole_and_the_picker_keeps_the_chosen_old_one(tmp_path, monkeypatch, open_page):
    count = PICKER_ROWS + 30
    with Store(tmp_path / "board.db", create=True) as store:
        fill_many(store, tmp_path, count)
    monkeypatch.setenv("AQBOARD_DB", str(tmp_path / "board.db"))
    app = open_page("history", 1)
    assert not app.exception
    assert len(app.dataframe[0].value) == count
    picker = app.sidebar.selectbox[0]
    assert len(picker.options) == PICKER_ROWS + 1
    assert picker.value == 1


@pytest.mark.parametrize("name", ["readiness", "launch", "lint"])
def test_a_board_that_should_ask_for_a_token_and_does_not_shows_nothing(name, samples, open_page, monkeypatch):
    monkeypatch.setenv("AQBOARD_TOKEN", "t" * 40)
    app = open_page(name, samples.numbers["fixed"])
    assert not app.exception
    assert [error.value for error in app.error] == [words(app)], "and nothing else"
    assert "Start the board with `aqboard serve`" in app.error[0].value
    assert not app.sidebar.selectbox
