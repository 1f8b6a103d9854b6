"""The search for the training's cache, from the board."""

import hashlib
import os
from datetime import date
from pathlib import Path

import pytest

from aqboard.readers.caches.hunt import find_caches
from aqboard.readers.caches.walk import Wanted
from aqboard.web.tables.hunt import allowed_roots, at_midnight, cache_rows
from tests.dashboard.conftest import words
from tests.sample_attempts import sample_plan, write_files

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


def test_only_the_plans_folders_and_those_allowed_by_the_owner_are_offered(tmp_path: Path):
    write_files(tmp_path / "inputs")
    (tmp_path / "archive").mkdir()
    plan = sample_plan(tmp_path / "inputs")
    allowed = os.pathsep.join([str(tmp_path / "archive"), str(tmp_path / "not there"), ""])
    assert allowed_roots(plan, {}) == (str(tmp_path / "inputs"),)
    assert allowed_roots(plan, {"AQBOARD_SEARCH_ROOTS": allowed}) == (
        str(tmp_path / "inputs"),
        str(tmp_path / "archive"),
    )


def test_caches_that_match_come_first_and_dates_stand_beside_the_checkpoint(tmp_path: Path):
    write_files(tmp_path)
    checkpoint = tmp_path / "best.ckpt"
    for name, days in (("cache.pkl", -2), ("reversed.pkl", 3)):
        when = checkpoint.stat().st_mtime + days * 86_400
        os.utime(tmp_path / name, (when, when))
    found = find_caches([tmp_path], Wanted(names=("*.pkl",)), like=tmp_path / "same_content.pkl", checkpoint=checkpoint)
    rows = {Path(row["file"]).name: row for row in cache_rows(found)}
    assert list(rows)[-1] == "reversed.pkl"
    assert (rows["cache.pkl"]["the plan's"], rows["reversed.pkl"]["the plan's"]) == ("✅ yes", "no")
    assert rows["cache.pkl"]["the training's"] == "not known", "the checkpoint carries no stamp"
    assert rows["cache.pkl"]["beside the checkpoint"] == "2.0 days before"
    assert rows["reversed.pkl"]["beside the checkpoint"] == "3.0 days after"


def test_days_begin_at_midnight_utc():
    assert at_midnight(date(1970, 1, 2)) == 86_400
    assert at_midnight(None) is None
