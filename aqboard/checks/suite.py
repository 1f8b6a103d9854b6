"""Can the checks of every installed package be loaded?

A package may bring checks through the entry point group `aqboard.checks`, and the probes behind them through
`aqboard.probes`. One that cannot be loaded would have asked something that nobody asks now: that is told, and blocks.
"""

from collections.abc import Collection, Iterable

from aqboard.checks import SUITE, Check
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.kinds import EVIDENCE
from aqboard.domain.finding import Judgement, Severity, Stage, broke
from aqboard.domain.plan import LaunchPlan
from aqboard.plugins import CHECKS, plugins


def installed_suite(suite: tuple[Check, ...] = SUITE) -> tuple[Check, ...]:
    """The suite, then the checks of installed packages; each package with a fault leaves one check that says so."""
    known, faults = list(suite), dict[str, list[str]]()
    for plugin in plugins(CHECKS):
        fault = plugin.fault or _misfit(plugin.things, known)
        if fault:
            faults.setdefault(plugin.package, []).append(f"{plugin.entry}: {fault}")
        else:
            known += [thing for thing in plugin.things if isinstance(thing, Check)]
    return (*known, *(_told(package, told) for package, told in faults.items()))


def kinds(suite: Iterable[Check]) -> tuple[type[Evidence], ...]:
    """Every kind of evidence there is: aqboard's own in their order, then those that other checks need."""
    return tuple(dict.fromkeys([*EVIDENCE, *(kind for check in suite for kind in check.needs)]))


def _misfit(things: tuple[object, ...], known: Collection[Check]) -> str:
    """Why these are not checks that can stand beside the known ones; empty when they are."""
    own = {kind.kind: kind for kind in kinds(known)}
    taken = {check.id for check in known}
    for thing in things:
        if not isinstance(thing, Check):
            return f"it names a {type(thing).__name__}, not an aqboard.checks.Check"
        if thing.id in taken:
            return f"the check {thing.id!r} exists already"
        taken.add(thing.id)
        for kind in thing.needs:
            if own.setdefault(kind.kind, kind) is not kind:
                return f"the evidence {kind.kind!r} exists already"
    return "" if things else "it names no check"


def _told(package: str, faults: list[str]) -> Check:
    name = package.partition(" ")[0]

    def judge(plan: LaunchPlan) -> Judgement:
        """Never a PASS: it stands for checks that could not be loaded."""
        return broke(
            f"The package {package} brings checks that cannot be used: {'; '.join(faults)}.",
            remedy=f"Mend or uninstall {name}; if this launch can do without its checks, lower plugin.{name} in the "
            "plan's severities.",
        )

    return Check(f"plugin.{name}", f"Plugin {name}", Stage.PLUGIN, Severity.BLOCKS, (), judge)
