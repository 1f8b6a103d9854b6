"""Lint rules of installed packages: used like our own, and never the end of a report."""

import json

import pytest
from typer.testing import CliRunner

from aqboard.cli import app
from aqboard.lint.check import lint
from aqboard.lint.rules.suite import RULES, installed_rules
from tests.lint.lint_corpus import FOLDER
from tests.packages import install

GOOD = FOLDER / "01_lumi_good.sbatch"
CODE = """
from datetime import date

from aqboard.api import Hit, Level, Rule, source

SOURCE = source("Our wiki", "https://wiki.example.org", read=date(2026, 11, 28))


def judge(script, context):
    for directive in script.directives:
        if directive.option == "job-name":
            yield Hit(directive.line, "A bad name.", "#SBATCH --job-name=good", directive.column)


def rule(number=1001, slug="our-name", judge=judge, level=Level.ERROR, **changes):
    return Rule(number, slug, "Names are good", level, "Because.", SOURCE, judge, **changes)


def breaks(script, context):
    yield Hit(2, "Before.", "x")
    raise KeyError("nodes")


def strange(script, context):
    yield "line 3"


def half(script, context):
    yield Hit("3", "A message.", "x")


def nothing(script, context):
    return None
"""


def brings(site, value: str) -> None:
    install(site, "ourlint", "[aqboard.lint_rules]\nnames = plug_lint:THING\n", plug_lint=f"{CODE}\nTHING = {value}\n")


def judged(text: str = ""):
    return lint(text or GOOD.read_text(), rules=installed_rules())


def test_no_installed_package_brings_rules_here() -> None:
    assert installed_rules() == RULES


def test_a_rule_of_a_package_is_judged_after_ours_and_can_be_waived(site) -> None:
    brings(site, "(rule(), rule(1002, 'other', lambda script, context: iter(())))")
    assert [rule.number for rule in installed_rules()[len(RULES) :]] == [1001, 1002]
    text = GOOD.read_text()
    (found,) = (each for each in judged(text).findings if each.rule == "our-name")
    assert (found.number, found.line, found.level, found.fix) == (1001, 2, "error", "#SBATCH --job-name=good")
    assert "Our wiki" in found.source and "read 2026-11-28" in found.source
    for name in ("1001", "our-name"):
        waived = text.replace("--job-name=pangu-finetune", f"--job-name=x  # aqboard: ignore {name} they like it")
        assert [each.rule for each in judged(waived).waived] == ["our-name"]
        assert judged(waived).counted == ()


def test_the_commands_and_lint_itself_agree(site, tmp_path) -> None:
    brings(site, "rule()")
    done = CliRunner().invoke(app, ["script", "lint", str(GOOD), "--json"])
    assert done.exit_code == 1
    assert [finding["rule"] for finding in json.loads(done.stdout)["findings"]] == ["our-name"]
    assert lint(GOOD.read_text()).findings == (), "without the installed rules it is the same function as before"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("__import__('sys').exit(3)", "SystemExit: 3"),
        ("'a string'", "it names a str, not an aqboard.api.Rule"),
        ("()", "it names no rule"),
        ("rule(slug='rank')", "the rule 'rank' exists already"),
        ("rule(number=3)", "has the number 3; packages number from 1000"),
        ("rule(number='1001')", "has the number '1001'"),
        ("(rule(), rule(slug='again'))", "the rule number 1001 exists already"),
        ("(rule(), rule(1002))", "the rule 'our-name' exists already"),
        ("rule(slug='Our Name')", "lowercase letters"),
        ("rule(slug='plugin-other')", "lowercase letters"),
        ("rule(slug='1001')", "lowercase letters"),
        ("rule(level='error')", "of the wrong type"),
        ("rule(judge=None)", "of the wrong type"),
    ],
)
def test_a_package_whose_rules_cannot_be_used_is_one_finding(site, value: str, said: str) -> None:
    brings(site, value)
    assert len(installed_rules()) == len(RULES) + 1, "all or nothing of an entry"
    report = judged()
    (found,) = report.counted
    assert (found.rule, found.number, found.level, found.line) == ("plugin-ourlint", 0, "warning", 1)
    assert "The package ourlint 1.2 brings lint rules that cannot be used: names: " in found.message
    assert said in found.message
    assert "uninstall ourlint" in found.fix
    text = GOOD.read_text()
    assert judged(f"{text}\n# aqboard: ignore plugin-ourlint we know\n").counted == ()
    assert "there is no rule '0'" in " ".join(judged(f"{text}\n# aqboard: ignore 0 we know\n").notes)


@pytest.mark.parametrize(
    ("judge", "said", "lines"),
    [
        ("breaks", "The rule itself broke: KeyError: 'nodes'", [1, 2]),
        ("strange", "it yields a str, not an aqboard.api.Hit", [1]),
        ("half", "a hit has '3' where int is needed", [1]),
        ("nothing", "'NoneType' object is not iterable", [1]),
    ],
)
def test_a_judge_that_breaks_is_a_finding_and_the_other_rules_go_on(site, judge: str, said: str, lines) -> None:
    brings(site, f"rule(judge={judge})")
    report = judged("#!/bin/bash\nexport RANK=$SLURM_PROCID\nsrun x\n")
    found = [finding for finding in report.findings if finding.rule == "our-name"]
    assert [finding.line for finding in found] == lines
    assert said in found[0].message and "the package ourlint 1.2" in found[0].message
    assert "rank" in {finding.rule for finding in report.findings}
