"""All that is known of one cache file: digests, format, validity, and whether the generator would build it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aqboard.domain.cache import CacheDigests, CacheFacts, CacheFault
from aqboard.readers.caches.order_metrics import valid_rows
from aqboard.readers.caches.scan_cache import IntArray, ScanCache, build_scan_cache, cache_digests, read_cache_file
from aqboard.readers.digest import file_digest

SIZES = ("grid_h", "grid_w", "num_sectors", "regions_h", "regions_w")


@dataclass(frozen=True)
class LoadedCache:
    """A cache with the facts about its file."""

    cache: ScanCache
    facts: CacheFacts


def load_cache(path: str | Path) -> LoadedCache:
    """Read a cache and gather all facts about it: digests, validity, and whether the generator would build it."""
    digest = file_digest(path)
    file = read_cache_file(path)
    cache, digests = file.cache, cache_digests(file.cache)
    equals, note = _against_generator(cache, digests)
    regions = np.ascontiguousarray(cache.regional_orders)
    return LoadedCache(
        cache,
        CacheFacts(
            file=digest,
            format=file.format,
            digests=digests,
            **{name: getattr(cache, name) for name in SIZES},
            regional_tables_distinct=_distinct(regions.reshape(len(regions), -1)),
            regional_rows_distinct=_distinct(regions.reshape(-1, regions.shape[-1])),
            equals_generator=equals,
            generator_note=note,
            faults=find_faults(cache),
            notes=file.notes,
        ),
    )


def inspect_cache(path: str | Path) -> CacheFacts:
    """All facts about one cache file; ReadError when it cannot be read."""
    return load_cache(path).facts


def find_faults(cache: ScanCache) -> tuple[CacheFault, ...]:
    """Orders that are no permutation: one entry per sector and scope, empty when all is well."""
    faults = []
    for sector in np.flatnonzero(~valid_rows(cache.global_orders)):
        detail = _describe_fault(cache.global_orders[sector])
        faults.append(CacheFault(scope="global", sector=int(sector), tables=1, detail=detail))
    bad = ~valid_rows(cache.regional_orders)
    for sector in np.flatnonzero(bad.any(axis=0)):
        first = int(np.argmax(bad[:, sector]))
        detail = f"region {first}: {_describe_fault(cache.regional_orders[first, sector])}"
        faults.append(CacheFault(scope="regional", sector=int(sector), tables=int(bad[:, sector].sum()), detail=detail))
    return tuple(faults)


def _against_generator(cache: ScanCache, digests: CacheDigests) -> tuple[bool, str]:
    """Whether the generator builds the same content for this grid, and a word about it."""
    sizes = {name: getattr(cache, name) for name in ("num_sectors", "regions_h", "regions_w")}
    own = cache_digests(build_scan_cache(cache.grid_h, cache.grid_w, **sizes))
    if own == digests:
        return True, "equals what the generator builds for this grid"
    parts = [
        name.replace("_", " ")
        for name in ("global_orders", "regional_orders", "metadata")
        if getattr(own, name) != getattr(digests, name)
    ]
    return False, f"differs from what the generator builds for this grid in: {', '.join(parts)}"


def _describe_fault(order: IntArray) -> str:
    outside = int(((order < 0) | (order >= len(order))).sum())
    repeated = len(order) - len(np.unique(order))
    parts = [f"{outside} indices outside 0..{len(order) - 1}"] if outside else []
    return ", ".join([*parts, *([f"{repeated} repeated"] if repeated else [])])


def _distinct(rows: IntArray) -> int:
    return len({row.tobytes() for row in rows})
