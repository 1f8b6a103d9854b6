"""The scripts of the corpus and what lint must say about each, compared whole: every line, every rule, nothing else.

After a change that was meant, look at `git diff` of what this rewrites:

PYTHONPATH=. .venv/bin/python tests/lint/lint_corpus.py
"""

from pathlib import Path

import yaml

from aqboard.launch.profile import all_profiles
from aqboard.lint.check import lint
from aqboard.lint.parse.source import read_text
from aqboard.lint.report import LintReport

FOLDER = Path(__file__).parent / "corpus"
EXPECTED = Path(__file__).parent / "expected.yaml"
SCRIPTS = tuple(sorted(FOLDER.iterdir()))


def judged(script: Path) -> LintReport:
    """A script held against the cluster that it is recognised as being for."""
    return lint(read_text(script), script.name, profiles=all_profiles())


def summary(report: LintReport) -> dict[str, object]:
    """What is compared: cluster, (line, rule) of every finding, those that are waived, and the notes."""
    return {
        "profile": report.profile,
        "hits": [f"{finding.line} {finding.rule}" for finding in report.counted],
        "waived": [f"{finding.line} {finding.rule}: {finding.waived}" for finding in report.waived],
        "notes": [note for note in report.notes if "cluster is not known" not in note],
    }


def expected() -> dict[str, dict[str, object]]:
    """Script name -> what lint must say."""
    found: dict[str, dict[str, object]] = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    EXPECTED.write_text(
        yaml.safe_dump(
            {script.name: summary(judged(script)) for script in SCRIPTS}, sort_keys=False, allow_unicode=True
        )
    )
