"""All rules of lint, in the order of their numbers; then those that installed packages bring.

A package brings rules through the entry point group `aqboard.lint_rules`. A number is what people write into their
scripts to waive a rule, so aqboard's own may grow up to `FIRST_OF_PACKAGES` without taking one that a package uses.
"""

import re
from collections.abc import Collection

from aqboard.domain.cluster import Source
from aqboard.lint.rules import directives, failure, job, network, plugin, resources, storage, tasks
from aqboard.lint.rules.rule import Level, Rule
from aqboard.plugins import LINT_RULES, plugins

FIRST_OF_PACKAGES = 1000
"""Numbers below are aqboard's."""

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

RULES: tuple[Rule, ...] = (
    failure.ERREXIT,
    failure.EXIT_CODE,
    tasks.RANK,
    tasks.VISIBLE_GPUS,
    resources.CPUS_PER_TASK,
    resources.CORES,
    resources.MEMORY,
    resources.CPU_BINDING,
    network.INTERFACES,
    storage.JIT_CACHE,
    tasks.LOCAL_FOLDER,
    storage.ACCOUNT,
    network.WATCHDOG,
    job.REQUEUE,
    network.OPEN_SERVICE,
    tasks.NESTED_LAUNCHER,
    job.TRAINING_AGREES,
    directives.DIRECTIVES,
    job.PROFILE_LIMITS,
    directives.LINE_ENDS,
)
"""Ours, without those of installed packages."""


def installed_rules(rules: tuple[Rule, ...] = RULES) -> tuple[Rule, ...]:
    """`rules`, then those of installed packages; each package with a fault leaves one rule that says so."""
    known, faults = list(rules), dict[str, list[str]]()
    for brought in plugins(LINT_RULES):
        fault = brought.fault or _misfit(brought.things, known)
        if fault:
            faults.setdefault(brought.package, []).append(f"{brought.entry}: {fault}")
        else:
            known += [plugin.guarded(rule, brought.package) for rule in brought.things if isinstance(rule, Rule)]
    return (*known, *(plugin.unusable(package, told) for package, told in faults.items()))


def _misfit(things: tuple[object, ...], known: Collection[Rule]) -> str:
    """Why these cannot be used next to the known rules; empty when they can."""
    numbers, slugs = {rule.number for rule in known}, {rule.slug for rule in known}
    for thing in things:
        if not isinstance(thing, Rule):
            return f"it names a {type(thing).__name__}, not an aqboard.api.Rule"
        if not isinstance(thing.slug, str) or not _SLUG.fullmatch(thing.slug) or thing.slug.startswith(plugin.PREFIX):
            return (
                f"the rule {thing.slug!r} needs a name of lowercase letters and digits with single hyphens, "
                f"which does not start with {plugin.PREFIX!r}"
            )
        if not isinstance(thing.number, int) or thing.number < FIRST_OF_PACKAGES:
            return f"the rule {thing.slug!r} has the number {thing.number!r}; packages number from {FIRST_OF_PACKAGES}"
        if thing.slug in slugs:
            return f"the rule {thing.slug!r} exists already"
        if thing.number in numbers:
            return f"the rule number {thing.number} exists already"
        if not (
            isinstance(thing.level, Level)
            and isinstance(thing.source, Source)
            and isinstance(thing.title, str)
            and isinstance(thing.why, str)
            and callable(thing.judge)
        ):
            return f"the rule {thing.slug!r} has a title, level, reason, source or judge of the wrong type"
        numbers.add(thing.number)
        slugs.add(thing.slug)
    return "" if things else "it names no rule"
