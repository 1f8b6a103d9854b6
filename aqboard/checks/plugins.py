"""Can the checks of every installed package be loaded?

A package may bring checks through the entry point group `aqboard.checks`, and the probes behind them through
`aqboard.probes`. One that cannot be loaded would have asked something that nobody asks now: that is told, and blocks.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from aqboard.checks import SUITE, Check
from aqboard.domain.evidence import EVIDENCE, Evidence
from aqboard.domain.finding import Judgement, Severity, Stage, broke
from aqboard.domain.plan import LaunchPlan

CHECKS, PROBES = "aqboard.checks", "aqboard.probes"
"""Entry point groups; each entry names one Check or Probe, or a tuple of them."""


@dataclass(frozen=True)
class Offer:
    """What one entry point of a package offers, or why it cannot be had."""

    package: str
    """Name and version."""
    entry: str
    things: tuple[object, ...] = ()
    fault: str = ""


def offers(group: str) -> tuple[Offer, ...]:
    """Load every entry point of a group, by package name. Catches everything: a plugin is somebody else's code."""
    found = sorted(entry_points(group=group), key=lambda entry: (_package(entry), entry.name))
    return tuple(_load(entry) for entry in found)


def installed_suite(suite: tuple[Check, ...] = SUITE) -> tuple[Check, ...]:
    """The suite, then the checks of installed packages; each package with a fault leaves one check that says so."""
    known, faults = list(suite), dict[str, list[str]]()
    for offer in offers(CHECKS):
        fault = offer.fault or _misfit(offer.things, known)
        if fault:
            faults.setdefault(offer.package, []).append(f"{offer.entry}: {fault}")
        else:
            known += [thing for thing in offer.things if isinstance(thing, Check)]
    return (*known, *(_told(package, told) for package, told in faults.items()))


def kinds(suite: Iterable[Check]) -> tuple[type[Evidence], ...]:
    """Every kind of evidence there is: aqboard's own in their order, then those that other checks need."""
    return tuple(dict.fromkeys([*EVIDENCE, *(kind for check in suite for kind in check.needs)]))


def _load(entry: EntryPoint) -> Offer:
    try:
        thing = entry.load()
    except (Exception, SystemExit) as error:
        return Offer(_package(entry), entry.name, fault=f"{type(error).__name__}: {error}")
    return Offer(_package(entry), entry.name, tuple(thing) if isinstance(thing, tuple | list) else (thing,))


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


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
