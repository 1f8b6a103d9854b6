"""The search for the training's cache, from the board."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from aqboard.web.pages.cache_hunt import at_midnight
from tests.dashboard.conftest import words

LOG = "INFO loading /old/scratch/wind_scanner_cache.pkl md5 {md5}\nscan_rule: strip-sector\n"


@pytest.fixture
def search(samples, open_page):
    def opened(**answers):
        app = open_page("caches", samples.numbers["fixed"])
        app.session_state["cache-tabs"] = "Search"
        app.run()
        for kind, value in answers.items():
            getattr(app, kind)[-1].set_value(value)
        app.button[-1].click()
        return app.run()

    return opened


def test_caches_below_the_plans_folders_are_found(search):
    app = search(text_input="*.pkl")
    assert not app.exception and not app.error
    assert "**3 caches** of 2 different contents" in words(app)


def test_logs_that_mention_a_known_cache_name_it(samples, search):
    inputs = samples.database.parent / "inputs"
    md5 = hashlib.md5((inputs / "cache.pkl").read_bytes()).hexdigest()
    (inputs / "slurm-1.out").write_text(LOG.format(md5=md5))
    app = search(radio="logs and checkpoints that mention a cache")
    assert not app.exception and not app.error
    rows = app.dataframe[-1].value
    assert set(rows["kind"]) == {"path", "md5", "setting"}
    assert rows.loc[rows["kind"] == "md5", "is"].tolist() == [str(inputs / "cache.pkl")]


def test_a_search_without_a_folder_says_so(search):
    assert "Choose a folder first" in search(multiselect=[]).error[0].value


@pytest.mark.parametrize("name", ["config.json", "metrics.csv"])
def test_every_kind_of_file_that_the_command_line_searches_is_searched_here(samples, search, name):
    (samples.database.parent / "inputs" / name).write_text("scan_rule: strip-sector\n")
    app = search(radio="logs and checkpoints that mention a cache")
    assert not app.exception
    assert name in {Path(file).name for file in app.dataframe[-1].value["file"]}


def test_days_begin_at_midnight_utc():
    assert at_midnight(date(1970, 1, 2)) == 86_400
    assert at_midnight(None) is None
