"""Real-looking scripts, good and bad, each with every hit it must give."""

import pytest

from aqboard.launch.profile import load_profile
from aqboard.lint.check import lint
from aqboard.lint.parse.source import read_text
from aqboard.lint.rules.suite import RULES
from tests.launch.launch_samples import cluster
from tests.lint.lint_corpus import FOLDER, SCRIPTS, expected, judged, summary


@pytest.fixture(autouse=True)
def _no_outside_profiles(monkeypatch):
    monkeypatch.delenv("AQBOARD_PROFILES", raising=False)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_gives_exactly_the_expected_hits(script):
    assert summary(judged(script)) == expected()[script.name]


def test_every_script_has_an_expectation_and_there_are_enough():
    assert sorted(expected()) == [script.name for script in SCRIPTS]
    assert len(SCRIPTS) >= 25


def test_every_rule_is_broken_somewhere_and_kept_somewhere():
    broken = {hit.split()[1] for each in expected().values() for hit in each["hits"]}
    assert broken == {rule.slug for rule in RULES}
    assert sum(not each["hits"] for each in expected().values()) >= 8


def test_the_rules_are_numbered_in_order_and_named_once():
    assert [rule.number for rule in RULES] == list(range(1, len(RULES) + 1))
    assert len({rule.slug for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_finding_says_where_what_to_write_and_why(script):
    lines = read_text(script).splitlines()
    for finding in judged(script).findings:
        assert 1 <= finding.line <= len(lines)
        assert finding.message.endswith((".", ":")) and finding.fix and finding.why.endswith(".")
        assert "read 2026-11-25" in finding.source and "https://" in finding.source
        assert finding.excerpt == lines[finding.line - 1].strip()[:160]


def test_a_plan_is_compared_with_the_script():
    text = read_text(FOLDER / "01_lumi_good.sbatch")
    report = lint(text, profile=load_profile("lumi-g"), plan=cluster(nodes=50))
    assert [(f.line, f.rule) for f in report.findings] == [(5, "training-agrees")]
    assert "asks for 16 (nodes), the plan for 50" in report.findings[0].message
    assert lint(text, profile=load_profile("lumi-g"), plan=cluster(nodes=16)).findings == ()
