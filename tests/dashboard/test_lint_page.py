"""The lint page: pasted scripts, files in allowed folders, and what it refuses."""

import json
from pathlib import Path

import pytest

from aqboard.launch.profile import all_profiles
from aqboard.lint.check import lint
from aqboard.show.lint import annotated
from tests.dashboard.conftest import words
from tests.lint.lint_corpus import FOLDER
from tests.packages import install

TYPICAL = (FOLDER / "02_lumi_typical.sh").read_text()


@pytest.fixture
def page(tmp_path, monkeypatch, open_page):
    monkeypatch.setenv("AQBOARD_DB", str(tmp_path / "none.db"))
    return open_page("lint")


def paste(app, text: str):
    app.text_area[0].set_value(text)
    app.button[0].click()
    return app.run()


def test_it_works_without_any_attempt_and_makes_no_database(page, tmp_path):
    assert not page.exception
    assert [title.value for title in page.title] == ["Script lint"]
    app = paste(page, TYPICAL)
    assert not app.exception
    assert "12 errors and 5 warnings of 14 rules" in words(app).replace("\\", "")
    assert not (tmp_path / "none.db").exists()


def test_findings_stand_under_their_lines_with_sign_and_word(page):
    shown = paste(page, TYPICAL).code[0].value.split("\n")
    at = next(i for i, line in enumerate(shown) if "export RANK=$SLURM_PROCID" in line)
    assert shown[at].startswith("17 ")
    assert shown[at + 1].strip().startswith("# ❌ error 3 rank:")


def test_a_clean_script_says_so(page):
    app = paste(page, (FOLDER / "01_lumi_good.sbatch").read_text())
    assert "No finding in 37 lines" in app.success[0].value.replace("\\", "")


@pytest.mark.parametrize("text", ["", "  \n", "a\0b"])
def test_what_is_no_script_is_refused_in_one_sentence(text, page):
    app = paste(page, text)
    assert not app.exception
    assert "This cannot be judged" in app.error[0].value


def test_a_hostile_script_is_shown_as_it_is(page):
    app = paste(page, '#!/bin/bash\nexport RANK="<script>:streamlit: [x](javascript:y) \u202e"\nsrun -c 2 python x\n')
    assert not app.exception
    assert "\u202e" not in app.code[0].value
    assert app.run() and not app.exception


def test_a_file_below_an_allowed_folder_is_read(tmp_path, monkeypatch, page):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "train.sh").write_text(TYPICAL)
    monkeypatch.setenv("AQBOARD_SEARCH_ROOTS", str(tmp_path / "jobs"))
    page.radio[0].set_value("a file").run()
    page.text_input[0].set_value("train.sh")
    page.button[0].click()
    app = page.run()
    assert not app.exception
    assert "Held against lumi-g" in words(app).replace("\\", "")


def test_long_scripts_and_lines_are_cut_where_they_are_shown(tmp_path: Path):
    text = "#!/bin/bash\n" + "x" * 5000 + "\n" + "true\n" * 4000
    shown = annotated(text, lint(text, profiles=all_profiles())).split("\n")
    assert max(map(len, shown)) < 500
    assert shown[-1].strip() == "# 1002 more lines are not shown"


def test_the_report_can_be_downloaded_as_json():
    report = lint(TYPICAL, "job.sh", profiles=all_profiles())
    assert json.loads(report.model_dump_json())["findings"][0]["rule"] == "cores"


@pytest.fixture
def broken_packages(site):
    """A package whose rules cannot be loaded, and whose profile replaces one of ours."""
    install(
        site,
        "brokenlint",
        "[aqboard.lint_rules]\nours = plug_lint:RULE\n[aqboard.profiles]\nours = plug_clusters\n",
        {"plug_clusters/lumi-g.yaml": "name: lumi-g\n"},
        plug_lint="raise RuntimeError('no licence')",
    )


def test_packages_that_cannot_be_used_are_told_and_everything_else_is_judged(broken_packages, page):
    app = paste(page, TYPICAL)
    assert not app.exception
    told = words(app).replace("\\", "")
    assert "12 errors and 6 warnings of 15 rules" in told
    assert "The package brokenlint 1.2 brings lint rules that cannot be used: ours: RuntimeError: no licence" in told
    assert "brings cluster profiles that cannot be used: the profile 'lumi-g' exists already." in told


def test_the_launch_page_tells_of_profiles_that_cannot_be_used(broken_packages, samples, open_page):
    app = open_page("launch", samples.numbers["fixed"])
    assert not app.exception
    assert "The package brokenlint 1.2 brings cluster profiles that cannot be used" in words(app).replace("\\", "")
