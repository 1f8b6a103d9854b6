"""What installed packages offer through entry points; the probe process asks here, and so loads no check."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

CHECKS, PROBES = "aqboard.checks", "aqboard.probes"
"""Entry point groups; each entry names one Check or Probe, or a tuple of them."""


@dataclass(frozen=True)
class Offer:
    """What one entry point of a package offers, or why it cannot be used."""

    package: str
    """Name and version."""
    entry: str
    things: tuple[object, ...] = ()
    fault: str = ""


def offers(group: str) -> tuple[Offer, ...]:
    """Load every entry point of a group, by package name. Catches everything: a plugin is somebody else's code."""
    found = sorted(entry_points(group=group), key=lambda entry: (_package(entry), entry.name))
    return tuple(_load(entry) for entry in found)


def _load(entry: EntryPoint) -> Offer:
    try:
        thing = entry.load()
    except (Exception, SystemExit) as error:
        return Offer(_package(entry), entry.name, fault=f"{type(error).__name__}: {error}")
    return Offer(_package(entry), entry.name, tuple(thing) if isinstance(thing, tuple | list) else (thing,))


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
