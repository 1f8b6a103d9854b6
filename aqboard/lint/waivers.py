"""`# aqboard: ignore RULE REASON`: somebody accepts a finding, and says why.

The comment goes at the end of the line that it is about, or above it; for a rule on the whole script, anywhere. Without
a reason, or with a rule that does not exist, it waives nothing, and the report says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aqboard.lint.parse.model import Comment, Script
from aqboard.lint.rules.rule import Hit, Rule

_IGNORE = re.compile(r"#+\s*aqboard\s*:\s*ignore\b[ \t]*(\S*)[ \t]*(.*)")


@dataclass(frozen=True)
class Waivers:
    """The comments that count, and notes on the others."""

    given: tuple[tuple[str, int, int, str], ...]
    """(rule, first line, last line, reason)."""
    notes: tuple[str, ...]

    def reason(self, rule: Rule, hit: Hit) -> str:
        """Why a hit is accepted; empty when it is not."""
        for slug, first, last, reason in self.given:
            if slug == rule.slug and (rule.whole or first <= hit.line <= last):
                return reason
        return ""


def waivers(script: Script, rules: Sequence[Rule]) -> Waivers:
    """Read every `aqboard: ignore` comment of a script; it names one of `rules` by its slug or its number."""
    named = {rule.slug: rule for rule in rules} | {str(rule.number): rule for rule in rules if rule.number}
    given, notes = [], []
    ends = {command.line: command.end_line for command in script.commands}
    for comment in (*script.comments, *_behind_directives(script)):
        match = _IGNORE.match(comment.text)
        if match is None:
            continue
        rule, reason = named.get(match[1]), match[2].strip(" \t\r:,-")
        if rule is None:
            notes.append(f"Line {comment.line}: there is no rule {match[1]!r}, so nothing is waived.")
        elif not reason:
            notes.append(f"Line {comment.line}: no reason is given, so {rule.slug} is not waived.")
        else:
            first, last = _reach(script.lines, comment, ends)
            given.append((rule.slug, first, last, reason[:500]))
    return Waivers(tuple(given), tuple(notes))


def _behind_directives(script: Script) -> list[Comment]:
    """Comments within `#SBATCH` lines, which to bash are part of one comment."""
    found = {}
    for directive in script.directives:
        at = directive.text.find("#", 1)
        if at > 0:
            found[directive.line] = Comment(directive.text[at:], directive.line, at + 1)
    return list(found.values())


def _reach(lines: Sequence[str], comment: Comment, ends: dict[int, int]) -> tuple[int, int]:
    """First and last line that a comment is about: its own, or up to the next line with code."""
    if lines[comment.line - 1][: comment.column - 1].strip():
        return comment.line, comment.line
    for number in range(comment.line + 1, len(lines) + 1):
        text = lines[number - 1].strip()
        if text and (not text.startswith("#") or text.startswith("#SBATCH")):
            return comment.line, max(number, ends.get(number, number))
    return comment.line, comment.line
