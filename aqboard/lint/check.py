"""Lint one script: the whole way from text to report. Pure; the same text and profile always give the same report."""

from collections.abc import Iterable
from itertools import islice

from aqboard.domain.cluster import ClusterProfile, cite
from aqboard.domain.plan import ClusterPlan
from aqboard.domain.printable import printable
from aqboard.lint.parse.model import Script
from aqboard.lint.parse.script import read_script
from aqboard.lint.recognise import recognise
from aqboard.lint.report import Finding, LintReport
from aqboard.lint.rules import RULES
from aqboard.lint.rules.rule import Hit, Place, Rule
from aqboard.lint.waivers import waivers

EXCERPT = 160
TOLD = 400
"""Characters of an excerpt, and of a message or fix."""

MOST = 200
"""Findings of one rule that are told; a generated script of a thousand steps needs no thousand findings."""


def lint(
    text: str,
    name: str = "script",
    *,
    profiles: Iterable[ClusterProfile] = (),
    profile: ClusterProfile | None = None,
    plan: ClusterPlan | None = None,
) -> LintReport:
    """Judge a script's text by every rule.

    It is held against `profile`; without one, against the one of `profiles` whose signs it carries. With `plan`, nodes
    and GPUs are compared too. Raises `TooComplex` for a text that cannot be parsed in bounded time, and nothing else.
    """
    script = read_script(text)
    because = "named"
    if profile is None and (found := recognise(script, profiles)) is not None:
        profile, because = found.profile, f"recognised by {found.sign}"
    given = waivers(script)
    place = Place(profile, plan)
    findings: list[Finding] = []
    notes = [*script.notes, *given.notes]
    for rule in RULES:
        hits = list(islice(rule.judge(script, place), MOST + 1))
        if len(hits) > MOST:
            notes.append(f"There are more than {MOST} findings of {rule.slug}; the first {MOST} are told.")
        findings += [_finding(script, rule, hit, given.reason(rule, hit)) for hit in hits[:MOST]]
    if "\N{REPLACEMENT CHARACTER}" in text:
        notes.append("The file is not all UTF-8: what could not be read is shown as \N{REPLACEMENT CHARACTER}.")
    if profile is None:
        notes.append("The cluster is not known: limits, cores and network were not judged. Name one with --profile.")
    return LintReport(
        name=printable(name),
        lines=len(script.lines) - (script.lines[-1] == ""),
        profile=profile.name if profile else "",
        profile_because=because if profile else "",
        findings=tuple(sorted(findings, key=lambda each: (each.line, each.number, each.column))),
        notes=tuple(printable(note) for note in notes),
    )


def _finding(script: Script, rule: Rule, hit: Hit, waived: str) -> Finding:
    line = min(max(hit.line, 1), len(script.lines))
    return Finding(
        rule=rule.slug,
        number=rule.number,
        level=hit.level or rule.level,
        line=line,
        column=max(hit.column, 1),
        excerpt=_cut(script.lines[line - 1].expandtabs(4).strip(), EXCERPT),
        message=_cut(hit.message, TOLD),
        fix=_cut(hit.fix, TOLD),
        why=rule.why,
        source=cite(rule.source),
        waived=printable(waived),
    )


def _cut(text: str, most: int) -> str:
    """Text of the script as it may be shown; names in it can be as long as the script."""
    shown = printable(text[: most + 1])
    return shown if len(text) <= most else shown[: most - 1] + "…"
