"""The report on one script: its findings, and what was not judged."""

from pydantic import Field

from aqboard.domain.model import Record
from aqboard.lint.rules.rule import Level


class LintFinding(Record):
    """One place where the script breaks a rule."""

    rule: str
    number: int
    level: Level
    line: int
    """From 1."""
    column: int
    """From 1, in characters."""
    excerpt: str
    """The line as written, shortened where it is long."""
    message: str
    fix: str
    """What to write, for this very line."""
    why: str
    source: str
    """Title, address, edition and the day it was read."""
    waived: str = ""
    """The reason given in an `aqboard: ignore` comment; empty for a finding that counts."""


class LintReport(Record):
    """Everything found in one script."""

    name: str
    """The file's name, or what the text was called."""
    lines: int
    profile: str = ""
    """The cluster profile it was held against; empty when none was named or recognised."""
    profile_because: str = ""
    """Why that one."""
    findings: tuple[LintFinding, ...] = ()
    """By line, waived ones included."""
    notes: tuple[str, ...] = Field(default=())
    """What was not judged, and comments that waive nothing."""

    @property
    def counted(self) -> tuple[LintFinding, ...]:
        """The findings that nobody waived."""
        return tuple(finding for finding in self.findings if not finding.waived)

    @property
    def waived(self) -> tuple[LintFinding, ...]:
        """The findings that a comment accepts, with its reason."""
        return tuple(finding for finding in self.findings if finding.waived)

    @property
    def held_against(self) -> str:
        """The cluster that the script was held against, and why that one; empty without one."""
        return f"Held against {self.profile} ({self.profile_because})." if self.profile else ""

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        errors = sum(finding.level is Level.ERROR for finding in self.counted)
        warnings = len(self.counted) - errors
        rules = len({finding.rule for finding in self.counted})
        waived = f", {len(self.waived)} waived" if self.waived else ""
        if not self.counted:
            return f"No finding in {self.lines} lines{waived}."
        return f"{_many(errors, 'error')} and {_many(warnings, 'warning')} of {_many(rules, 'rule')}{waived}."


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
