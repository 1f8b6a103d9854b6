"""Lint's answers as text to show."""

from aqboard.domain.words import visible
from aqboard.lint.report import LintFinding, LintReport
from aqboard.lint.rules.rule import Level
from aqboard.show.words import Face

LEVELS: dict[str, Face] = {Level.ERROR: Face("❌", "error"), Level.WARNING: Face("⚠️", "warning")}
WAIVED = Face("🤝", "waived")

LONGEST_LINE = 200
MOST_LINES = 3000
"""Lines shown; every finding is told whatever its line."""


def face(finding: LintFinding) -> Face:
    """The sign and word of a finding."""
    return WAIVED if finding.waived else LEVELS[finding.level]


def annotated(text: str, report: LintReport) -> str:
    """The script with line numbers, and every finding as a comment under the line that it is about."""
    lines = text.replace("\r\n", "\n").split("\n")[: report.lines]
    width = len(str(len(lines)))
    told: dict[int, list[LintFinding]] = {}
    for finding in report.findings:
        told.setdefault(finding.line, []).append(finding)
    out = []
    for number, line in enumerate(lines[:MOST_LINES], 1):
        out.append(f"{number:>{width}}  {_cut(visible(line))}".rstrip())
        out += [
            f"{'':>{width}}  # {face(each)} {each.number} {each.rule}: {each.message}" for each in told.get(number, ())
        ]
    if len(lines) > MOST_LINES:
        out.append(f"{'':>{width}}  # {len(lines) - MOST_LINES} more lines are not shown")
    return "\n".join(out)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
