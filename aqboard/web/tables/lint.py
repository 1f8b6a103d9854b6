"""Lint's answers as text to show, and which files the board may read for it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from aqboard.launch.lint.report import Finding, LintReport
from aqboard.launch.lint.rule import Level
from aqboard.launch.lint.source import Unreadable, read_text
from aqboard.web.tables.hunt import ROOTS_VARIABLE
from aqboard.web.text import visible
from aqboard.web.words import Face

LEVELS: dict[str, Face] = {Level.ERROR: Face("❌", "error"), Level.WARNING: Face("⚠️", "warning")}
WAIVED = Face("🤝", "waived")

LONGEST_LINE = 200
MOST_LINES = 3000
"""Lines shown; every finding is told whatever its line."""


def face(finding: Finding) -> Face:
    """The sign and word of a finding."""
    return WAIVED if finding.waived else LEVELS[finding.level]


def script_folders(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Folders whose scripts may be read: those the person who serves the board allows.

    As in the search for caches (decision 0041), nobody reads an owner's other files through the board.
    """
    allowed = [Path(root) for root in environment.get(ROOTS_VARIABLE, "").split(os.pathsep) if root]
    return tuple(dict.fromkeys(str(folder) for folder in allowed if folder.is_dir()))


def read_below(folders: Iterable[str], name: str) -> str:
    """The text of the script `name`, absolute or relative to one of `folders`, and inside one of them.

    Raises Unreadable for a path that leads out of them, links followed, and as `read_text` does.
    """
    roots = [Path(folder).resolve() for folder in folders]
    try:
        tried = [(root / name.strip()).resolve() for root in roots]
        inside = [path for path in tried if any(path.is_relative_to(root) for root in roots)]
        found = next((path for path in inside if path.exists()), None)
    except (OSError, ValueError, RuntimeError):
        raise Unreadable("That is not a file name.") from None
    if found is None:
        # One sentence for both, so that nobody can ask which files exist elsewhere.
        raise Unreadable(f"There is no such file below the folders that this board may read: {name[:200]}.")
    return read_text(found)


def annotated(text: str, report: LintReport) -> str:
    """The script with line numbers, and every finding as a comment under the line that it is about."""
    lines = text.replace("\r\n", "\n").split("\n")[: report.lines]
    width = len(str(len(lines)))
    told: dict[int, list[Finding]] = {}
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
