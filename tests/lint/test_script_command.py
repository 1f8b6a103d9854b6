"""`aqboard script lint`, as a person and as a program use it."""

import json

import pytest
from typer.testing import CliRunner

from aqboard.cli import app
from tests.launch.launch_samples import cluster
from tests.lint.lint_corpus import FOLDER
from tests.samples import write_plan

run = CliRunner().invoke
TYPICAL, GOOD = str(FOLDER / "02_lumi_typical.sh"), str(FOLDER / "01_lumi_good.sbatch")


def test_clean_is_0_findings_are_1_unreadable_is_2(tmp_path):
    assert run(app, ["script", "lint", GOOD]).exit_code == 0
    assert run(app, ["script", "lint", TYPICAL]).exit_code == 1
    for path in (tmp_path, tmp_path / "none"):
        done = run(app, ["script", "lint", str(path)])
        assert (done.exit_code, done.stdout) == (2, "")
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_person_reads_where_what_and_why():
    text = run(app, ["script", "lint", TYPICAL]).stdout
    assert f"{TYPICAL}:17:8: error: 3 rank" in text
    assert "  | export RANK=$SLURM_PROCID" in text
    assert "12 errors and 5 warnings of 14 rules. Held against lumi-g (recognised by standard-g)." in text


def test_a_program_gets_one_document():
    done = run(app, ["script", "lint", TYPICAL, "--json"])
    document = json.loads(done.stdout)
    assert document["profile"] == "lumi-g"
    first = document["findings"][0]
    assert (first["rule"], first["number"], first["level"], first["line"]) == ("cores", 6, "error", 8)
    error = json.loads(run(app, ["script", "lint", "/nowhere", "--json"]).stdout)["error"]
    assert error["code"] == "unreadable"


def test_a_waiver_is_shown_and_does_not_count(tmp_path):
    script = tmp_path / "job.sh"
    script.write_text(
        "#!/bin/bash\n#SBATCH --mem=0  # aqboard: ignore requeue the centre forbids both options\nsrun -c 2 x\n"
    )
    done = run(app, ["script", "lint", str(script)])
    assert done.exit_code == 0
    assert "waived: 14 requeue: the centre forbids both options" in done.stdout


def test_the_profile_is_named_or_comes_from_the_plan(tmp_path):
    assert "(named)" in run(app, ["script", "lint", GOOD, "--profile", "lumi-g"]).stdout
    unknown = run(app, ["script", "lint", GOOD, "--profile", "none"])
    assert unknown.exit_code == 2 and "no cluster profile 'none'" in unknown.stderr
    plan = write_plan(tmp_path, cluster=cluster(nodes=16).model_dump(mode="json"))
    assert run(app, ["script", "lint", GOOD, "--plan", str(plan)]).exit_code == 0


@pytest.mark.parametrize("name", ["esc\x1b[31m.sh", "a\nb.sh"])
def test_a_file_name_cannot_write_to_the_terminal(name, tmp_path):
    script = tmp_path / name
    script.write_text("python x\n")
    assert "\x1b" not in run(app, ["script", "lint", str(script)]).stdout
