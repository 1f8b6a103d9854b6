"""Rules of installed packages: a fault in one is a finding in the report, and never the end of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aqboard.lint.parse.model import Script
from aqboard.lint.rules.rule import Hit, Level, Rule, RuleContext, source

PREFIX = "plugin-"
"""Of the rules that stand for a package whose own cannot be used."""

ENTRY_POINTS = source(
    "Python packaging, entry points", "https://packaging.python.org/en/latest/specifications/entry-points/"
)


def unusable(package: str, faults: Sequence[str]) -> Rule:
    """The rule that stands for those of a package (name and version) that cannot be used: every script breaks it."""
    name = package.partition(" ")[0]

    def judge(script: Script, context: RuleContext) -> Iterator[Hit]:
        yield Hit(
            1, f"The package {package} brings lint rules that cannot be used: {'; '.join(faults)}.", _mend(package)
        )

    return Rule(
        number=0,
        slug=f"{PREFIX}{name}",
        title=f"The rules of {name} can be loaded",
        level=Level.WARNING,
        why="What these rules would have found in the script, nobody looked for.",
        source=ENTRY_POINTS,
        judge=judge,
        whole=True,
    )


def guarded(rule: Rule, package: str) -> Rule:
    """The same rule; where its judge raises or yields what is not a hit, that is a hit itself."""

    def judge(script: Script, context: RuleContext) -> Iterator[Hit]:
        try:
            for hit in rule.judge(script, context):
                yield _sound(hit)
        except (Exception, SystemExit) as error:
            told = f"The rule itself broke: {type(error).__name__}: {error}. It comes from the package {package}."
            yield Hit(1, told, _mend(package))

    return replace(rule, judge=judge)


def _mend(package: str) -> str:
    return f"Mend or uninstall {package.partition(' ')[0]}. Nothing in the script need be changed."


def _sound(hit: object) -> Hit:
    if not isinstance(hit, Hit):
        raise TypeError(f"it yields a {type(hit).__name__}, not an aqboard.api.Hit")
    for value, kind in ((hit.line, int), (hit.column, int), (hit.message, str), (hit.fix, str)):
        if not isinstance(value, kind):
            raise TypeError(f"a hit has {value!r} where {kind.__name__} is needed")
    if not isinstance(hit.level, Level | None):
        raise TypeError(f"a hit has the level {hit.level!r}")
    return hit
