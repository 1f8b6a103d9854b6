"""Modules that were renamed between a checkpoint and a model.

Two modules may be the same when they hold the same leaves of the same shapes. Of several such, the one whose path
differs least is meant; where two differ equally (norm1 and norm2 have the same shapes), nothing is certain.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aqboard.domain.checkpoint import TensorSpec
from aqboard.readers.align.key_paths import split_difference

Specs = Mapping[str, TensorSpec]
Leaves = dict[str, tuple[int, ...]]
Signature = frozenset[tuple[str, tuple[int, ...]]]


@dataclass(frozen=True)
class Rename:
    """A module's path component(s) `old`, found after `context`, are called `new` in the model."""

    context: str
    old: str
    new: str


@dataclass(frozen=True)
class RenamedModule:
    """A checkpoint module and the model module it became; `certain` says whether anything else fits."""

    checkpoint: str
    model: str
    rename: Rename
    certain: bool


def find_renames(checkpoint: Specs, model: Specs, expected: Callable[[str], str]) -> list[RenamedModule]:
    """Renamed modules among tensors that no prefix rule brought together.

    A rename counts as certain only when two modules bear it out: one alone may as well be a module removed and another
    of the same shapes added.
    `expected(path)` is a checkpoint module's path after the prefix rules: where it would be without a rename.
    """
    sources, targets = _modules(checkpoint), _modules(model)
    matches = _mutual_matches(sources, targets, expected)
    support = Counter(match.rename for match in matches)
    return [
        RenamedModule(
            match.checkpoint,
            match.model,
            match.rename,
            match.certain and support[match.rename] > 1,
        )
        for match in matches
    ]


def _mutual_matches(
    sources: dict[str, Leaves], targets: dict[str, Leaves], expected: Callable[[str], str]
) -> list[RenamedModule]:
    """Nearest pairs first; a pair is certain when neither side has another partner as near."""
    options = _options(sources, targets, expected)
    twins = _twins(sources)
    free_sources, free_targets = set(sources), set(targets)
    matches = []
    for distance in sorted({option.distance for option in options}):
        level = [
            option
            for option in options
            if option.distance == distance and option.source in free_sources and option.target in free_targets
        ]
        offered = Counter(option.source for option in level)
        wanted = Counter(option.target for option in level)
        for option in level:
            if option.source not in free_sources or option.target not in free_targets:
                continue
            alone = offered[option.source] == 1 and wanted[option.target] == 1
            siblings = twins[option.source.rpartition(".")[0], _signature(sources[option.source])]
            twin = option.renames_leaf_module and siblings > 1
            certain = alone and not option.renumbered and not twin
            matches.append(RenamedModule(option.source, option.target, option.rename, certain))
            free_sources.discard(option.source)
            free_targets.discard(option.target)
    return matches


@dataclass(frozen=True)
class _Option:
    """A pair of modules with equal leaves; `distance` is components that differ, then whether numbers do."""

    source: str
    target: str
    rename: Rename
    distance: tuple[int, bool]
    renames_leaf_module: bool

    @property
    def renumbered(self) -> bool:
        return self.distance[1]


def _options(sources: dict[str, Leaves], targets: dict[str, Leaves], expected: Callable[[str], str]) -> list[_Option]:
    by_leaves: defaultdict[Signature, list[str]] = defaultdict(list)
    for path, leaves in targets.items():
        by_leaves[_signature(leaves)].append(path)
    options = []
    for path, leaves in sources.items():
        for target in by_leaves.get(_signature(leaves), ()):
            head, old, new, tail = split_difference(expected(path), target)
            context = head[-1] if head and not head[-1].isdigit() else ""
            rename = Rename(context, ".".join(old), ".".join(new))
            renumbered = re.findall(r"\d+", rename.old) != re.findall(r"\d+", rename.new)
            options.append(_Option(path, target, rename, (len(old) + len(new), renumbered), not tail))
    return options


def _twins(sources: dict[str, Leaves]) -> Counter[tuple[str, Signature]]:
    """How many modules with the same leaves each parent holds: norm1 and norm2 could be either way round."""
    return Counter((path.rpartition(".")[0], _signature(leaves)) for path, leaves in sources.items())


def _signature(leaves: Leaves) -> Signature:
    return frozenset(leaves.items())


def _modules(specs: Specs) -> dict[str, Leaves]:
    """Leaves and their shapes by module path."""
    modules: defaultdict[str, Leaves] = defaultdict(dict)
    for key, spec in specs.items():
        path, _, leaf = key.rpartition(".")
        modules[path][leaf] = spec.shape
    return dict(modules)
