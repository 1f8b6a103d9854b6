"""The hunt for the cache a checkpoint was trained with: walk, read safely, group by content, mark what matches."""

from collections.abc import Iterable
from pathlib import Path

from aqboard.domain.cache import CacheGroups
from aqboard.domain.hunt import CacheHunt, Reference
from aqboard.readers.caches.walk import Progress, Wanted, walk
from aqboard.readers.guarded import group_caches, inspect_cache, summarise_checkpoint
from aqboard.readers.source import FileSource

_NO_CACHE = ("not-a-cache", "wrong-format", "not-pickle", "no-tensors", "empty")


def find_caches(
    roots: Iterable[str | Path],
    wanted: Wanted,
    *,
    like: str | Path | None = None,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> CacheHunt:
    """Caches below the roots, those first that equal `like` or that `checkpoint` says it was trained with.

    Files that are plainly something else are counted; those that look like a cache and cannot be read are named.
    Raises ReadError for a root, a `like` or a `checkpoint` that cannot be read.
    """
    references = (_cache_reference(like) if like else None, _checkpoint_reference(checkpoint) if checkpoint else None)
    walked = walk(roots, wanted, progress)
    groups = group_caches(walked.candidates)
    suspicious = tuple(entry for entry in groups.unreadable if entry.code not in _NO_CACHE)
    wanted_content = {reference.content for reference in references if reference}
    ordered = sorted(groups.groups, key=lambda group: group.content not in wanted_content)
    return CacheHunt(
        walk=walked,
        groups=CacheGroups(groups=tuple(ordered), facts=groups.facts, unreadable=suspicious),
        not_caches=len(groups.unreadable) - len(suspicious),
        like=references[0],
        checkpoint=references[1],
    )


def _cache_reference(path: str | Path) -> Reference:
    facts = inspect_cache(path)
    return Reference(path=str(path), content=facts.digests.content, when=facts.file.mtime)


def _checkpoint_reference(path: str | Path) -> Reference:
    """A checkpoint's stamp names the content of its cache; one without a stamp gives its date only."""
    summary = summarise_checkpoint(path)
    stamp = summary.extra.get("aqboard_provenance")
    cache = stamp.get("scan_cache") if isinstance(stamp, dict) else None
    named = cache.get("content") if isinstance(cache, dict) else None
    with FileSource(path) as source:
        when = source.stat.st_mtime
    return Reference(path=str(path), content=named if isinstance(named, str) else None, when=when)
