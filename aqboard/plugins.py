"""What installed packages bring, through entry points: checks, probes, targets, profiles, lint rules, a demo.

`aqboard.api` is what such a package imports. Asking for an entry's value runs nothing; loading it runs the package's
code with the rights of whoever asks, as installing it allowed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

CHECKS, PROBES = "aqboard.checks", "aqboard.probes"
"""Each entry names one Check or Probe, or a tuple of them."""
TARGETS = "aqboard.targets"
"""Each entry names a builder; a plan that names it, without folders of its own, runs installed code."""
PROFILES = "aqboard.profiles"
"""Each entry names a package whose `*.yaml` files are cluster profiles; see `plugin_folders`."""
LINT_RULES = "aqboard.lint_rules"
"""Each entry names one Rule, or a tuple of them."""
DEMO = "aqboard.demo"
"""One entry names the Demo that `aqboard demo` checks."""


@dataclass(frozen=True)
class Plugin:
    """What one entry point of a package brings, or why it cannot be loaded."""

    package: str
    """Name and version."""
    entry: str
    things: tuple[object, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class Demo:
    """Launches that a package brings to show what the checks find."""

    plans: tuple[Path, ...]
    prepare: Callable[[Callable[[str], None]], object]
    """Make what the plans need and is not there; what it does is passed on in words."""
    full: Callable[[Path, Callable[[str], None]], list[Path]]
    """Write files of real size into a folder; their paths."""


def plugins(group: str) -> tuple[Plugin, ...]:
    """Load every entry point of a group, by package name. Catches everything: a plugin is somebody else's code."""
    return tuple(_load(entry) for entry in _entries(group))


def plugin_folders(group: str) -> tuple[Plugin, ...]:
    """The folders (Paths) of the packages that a group's entries name, by package name.

    For data files. Nothing is imported, so no code of these packages runs, and a heavy one costs nothing.
    """
    return tuple(_find(entry) for entry in _entries(group))


def installed_builders() -> tuple[str, ...]:
    """The builders that installed packages offer as targets, as a plan names them; nothing is imported."""
    return tuple(dict.fromkeys(entry.value for entry in _entries(TARGETS)))


def _entries(group: str) -> list[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda entry: (_package(entry), entry.name))


def _load(entry: EntryPoint) -> Plugin:
    try:
        thing = entry.load()
    except (Exception, SystemExit) as error:
        return Plugin(_package(entry), entry.name, fault=f"{type(error).__name__}: {error}")
    return Plugin(_package(entry), entry.name, tuple(thing) if isinstance(thing, tuple | list) else (thing,))


def _find(entry: EntryPoint) -> Plugin:
    try:
        if entry.attr:
            raise ValueError(f"{entry.value} names an object; name a package, which is a folder")
        return Plugin(_package(entry), entry.name, _package_folders(entry.module))
    except Exception as error:
        return Plugin(_package(entry), entry.name, fault=f"{type(error).__name__}: {error}")


def _package_folders(package: str) -> tuple[Path, ...]:
    """Where a package is. Asks for the topmost only: to find one inside it, Python would import it."""
    top, *below = package.split(".")
    spec = find_spec(top)
    folders = [Path(place, *below) for place in (spec and spec.submodule_search_locations) or ()]
    found = tuple(folder for folder in folders if folder.is_dir())
    if not found:
        raise ModuleNotFoundError(f"there is no package {package}")
    return found


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
