"""Lint one script: the whole way from text to report. Pure; the same text and profile always give the same report."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from aqboard.domain.cluster import ClusterProfile, cite
from aqboard.domain.plan import ClusterPlan
from aqboard.domain.words import printable
from aqboard.lint.parse.model import Script
from aqboard.lint.parse.script import read_script
from aqboard.lint.report import LintFinding, LintReport
from aqboard.lint.rules.queries import all_words
from aqboard.lint.rules.rule import Hit, Rule, RuleContext
from aqboard.lint.rules.suite import RULES
from aqboard.lint.waivers import waivers

EXCERPT = 160
LONGEST = 400
"""Characters of an excerpt, and of a message or fix."""

MOST = 200
"""Findings of one rule that are shown; a generated script of a thousand steps does not need a thousand."""

SEARCHED = 20_000
"""Words searched for a path that belongs to one cluster only."""


def lint(
    text: str,
    name: str = "script",
    *,
    profiles: Iterable[ClusterProfile] = (),
    profile: ClusterProfile | None = None,
    plan: ClusterPlan | None = None,
    rules: Sequence[Rule] = RULES,
) -> LintReport:
    """Judge a script's text by every rule of `rules`; `installed_rules()` has those of installed packages as well.

    It is held against `profile`; without one, against the one of `profiles` whose signs it carries. With `plan`, nodes
    and GPUs are compared too. Raises `TooComplex` for a text that cannot be parsed in bounded time, and nothing else.
    """
    script = read_script(text)
    because = "named"
    if profile is None and (found := recognise(script, profiles)) is not None:
        profile, because = found.profile, f"recognised by {found.sign}"
    given = waivers(script, rules)
    context = RuleContext(profile, plan)
    findings: list[LintFinding] = []
    notes = [*script.notes, *given.notes]
    for rule in rules:
        hits = list(islice(rule.judge(script, context), MOST + 1))
        if len(hits) > MOST:
            notes.append(f"There are more than {MOST} findings of {rule.slug}; the first {MOST} are shown.")
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


class Recognised(NamedTuple):
    """A profile, and the sign it was known by."""

    profile: ClusterProfile
    sign: str


def recognise(script: Script, profiles: Iterable[ClusterProfile]) -> Recognised | None:
    """The only profile with one of its signs in the script; None for none or for several."""
    partitions = set((script.value("partition") or "").split(","))
    paths = [each.value for each in script.directives]
    paths += [word.text[:1000] for word, _ in zip(all_words(script), range(SEARCHED), strict=False)]
    found = []
    for profile in profiles:
        sign = next((sign for sign in profile.recognised_by if _shown(sign, partitions, paths)), None)
        if sign is not None:
            found.append(Recognised(profile, sign))
    return found[0] if len(found) == 1 else None


def _shown(sign: str, partitions: set[str], paths: list[str]) -> bool:
    if sign.startswith("/"):
        return any(sign in path for path in paths)
    return sign in partitions


def _finding(script: Script, rule: Rule, hit: Hit, waived: str) -> LintFinding:
    line = min(max(hit.line, 1), len(script.lines))
    return LintFinding(
        rule=rule.slug,
        number=rule.number,
        level=hit.level or rule.level,
        line=line,
        column=max(hit.column, 1),
        excerpt=_cut(script.lines[line - 1].expandtabs(4).strip(), EXCERPT),
        message=_cut(hit.message, LONGEST),
        fix=_cut(hit.fix, LONGEST),
        why=rule.why,
        source=cite(rule.source),
        waived=printable(waived),
    )


def _cut(text: str, most: int) -> str:
    """Text of the script as it may be shown; names in it can be as long as the script."""
    shown = printable(text[: most + 1])
    return shown if len(text) <= most else shown[: most - 1] + "…"
