"""Do two cache files say the same, and if not, what differs?

Verdicts rest on content, never on bytes: an MD5 tells apart files that no model could tell apart.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from aqboard.domain.cache import (
    CacheComparison,
    CacheFacts,
    CacheFormat,
    CacheGroup,
    CacheGroups,
    CacheVerdict,
    SectorDifference,
    UnreadableCache,
)
from aqboard.readers.caches.cache_facts import SIZES, LoadedCache, inspect_cache, load_cache
from aqboard.readers.caches.order_metrics import displacements, kendall_tau, tie_only, valid_rows
from aqboard.readers.caches.scan_cache import IntArray, ScanCache, projections
from aqboard.readers.errors import ReadError


def compare_caches(a_path: str | Path, b_path: str | Path) -> CacheComparison:
    """Hold two cache files against each other. Raises ReadError when one cannot be read."""
    return compare_loaded(load_cache(a_path), load_cache(b_path))


def compare_loaded(a: LoadedCache, b: LoadedCache) -> CacheComparison:
    """Hold two caches already read against each other."""
    metadata = _metadata_differences(a.cache, b.cache)
    comparable = all(getattr(a.cache, name) == getattr(b.cache, name) for name in SIZES)
    sectors = _sector_differences(a.cache, b.cache) if comparable else ()
    verdict = _verdict(a.facts, b.facts, comparable, sectors)
    same_bytes = a.facts.file.sha256 == b.facts.file.sha256
    return CacheComparison(
        verdict=verdict,
        summary=_summary(verdict, a.facts, b.facts, metadata, sectors),
        a=a.facts,
        b=b.facts,
        byte_reasons=() if same_bytes else byte_reasons(a.facts.format, b.facts.format),
        metadata_differences=metadata,
        sectors=sectors,
    )


def group_caches(paths: Iterable[str | Path]) -> CacheGroups:
    """Sort candidates into groups of equal content, largest first; unreadable ones are told, not raised."""
    facts: list[CacheFacts] = []
    unreadable: list[UnreadableCache] = []
    for path in paths:
        try:
            facts.append(inspect_cache(path))
        except ReadError as error:
            unreadable.append(UnreadableCache(path=str(path), code=error.code, message=error.message))
    return group_facts(facts, unreadable)


def group_facts(facts: Sequence[CacheFacts], unreadable: Sequence[UnreadableCache] = ()) -> CacheGroups:
    """Group caches already inspected by their content digest."""
    by_content: dict[str, list[CacheFacts]] = {}
    for fact in facts:
        by_content.setdefault(fact.digests.content, []).append(fact)
    groups = [
        CacheGroup(
            content=content,
            paths=tuple(fact.file.path for fact in members),
            md5s=tuple(sorted({fact.file.md5 for fact in members})),
            equals_generator=members[0].equals_generator,
            valid=members[0].valid,
        )
        for content, members in by_content.items()
    ]
    groups.sort(key=lambda group: -len(group.paths))
    return CacheGroups(groups=tuple(groups), facts=tuple(facts), unreadable=tuple(unreadable))


def sector_displacements(a: ScanCache, b: ScanCache) -> IntArray:
    """Places each patch moves between two caches of one grid, per sector: int64 [S, N], indexed by patch.

    Raises ReadError when the grids differ or an order is no permutation.
    """
    if any(getattr(a, name) != getattr(b, name) for name in ("grid_h", "grid_w", "num_sectors")):
        raise ReadError("The two caches are for different grids; no patch has a place in both.", code="bad-grid")
    if not (valid_rows(a.global_orders).all() and valid_rows(b.global_orders).all()):
        raise ReadError("One of the caches holds an order that is no permutation.", code="bad-order")
    return displacements(a.global_orders, b.global_orders)


def byte_reasons(a: CacheFormat, b: CacheFormat) -> tuple[str, ...]:
    """Why two files of equal content have different bytes, as far as the format shows it."""
    reasons = []
    if a.container != b.container:
        reasons.append(f"file format: {a.container} and {b.container}")
    elif a.protocol != b.protocol:
        reasons.append(f"pickle protocol: {a.protocol} and {b.protocol}")
    if a.class_path != b.class_path:
        reasons.append(f"written as: {a.class_path or 'a dict'} and {b.class_path or 'a dict'}")
    if a.key_order != b.key_order:
        same = sorted(a.key_order) == sorted(b.key_order)
        reasons.append("key order: the same keys in another order" if same else "keys: other names or layout")
    if a.region_order_sorted != b.region_order_sorted:
        reasons.append("key order: regions or sectors in another order")
    if (a.order_kind, a.order_dtype) != (b.order_kind, b.order_dtype):
        reasons.append(f"orders stored as: {a.order_kind} of {a.order_dtype} and {b.order_kind} of {b.order_dtype}")
    if not reasons:
        reasons.append("only internal keys of the pickle (torch writes memory addresses into every tensor)")
    return tuple(reasons)


def _verdict(a: CacheFacts, b: CacheFacts, comparable: bool, sectors: tuple[SectorDifference, ...]) -> CacheVerdict:
    if a.file.sha256 == b.file.sha256 and a.valid:
        return "identical"
    if not comparable:
        return "different-grid"
    if not (a.valid and b.valid):
        return "not-a-permutation"
    if a.digests.content == b.digests.content:
        return "same-content"
    if (a.digests.global_orders, a.digests.regional_orders) == (b.digests.global_orders, b.digests.regional_orders):
        return "metadata-differs"
    differing = [sector for sector in sectors if sector.changed_share or sector.regions_changed]
    harmless = all(
        (sector.tie_only or not sector.changed_share) and (sector.regional_tie_only or not sector.regions_changed)
        for sector in differing
    )
    return "tie-order-only" if harmless else "orders-differ"


def _summary(
    verdict: CacheVerdict,
    a: CacheFacts,
    b: CacheFacts,
    metadata: tuple[str, ...],
    sectors: tuple[SectorDifference, ...],
) -> str:
    changed = [sector for sector in sectors if sector.changed_share]
    regional = [sector for sector in sectors if sector.regions_changed]
    share = max((sector.changed_share for sector in sectors), default=0.0)
    where = (
        f"global orders of {len(changed)} of {len(sectors)} sectors (up to {share:.0%} of positions), "
        f"regional orders of {len(regional)}"
    )
    broken = a if a.faults else b
    match verdict:
        case "identical":
            return "The two files are the same, byte for byte."
        case "same-content":
            return "The files differ, the scan orders do not: a model cannot tell these caches apart."
        case "metadata-differs":
            return f"All orders are equal; {'; '.join(metadata) or 'metadata differs'}."
        case "tie-order-only":
            return f"Patches of equal projection come in another order ({where}); typical of another precision."
        case "orders-differ":
            return f"The scan orders differ: {where}."
        case "not-a-permutation":
            fault = broken.faults[0]
            return (
                f"{Path(broken.file.path).name} is broken: the {fault.scope} order of sector {fault.sector} is no "
                f"permutation ({fault.detail})."
            )
        case "different-grid":
            return f"The caches are for different grids: {'; '.join(metadata)}."


def _metadata_differences(a: ScanCache, b: ScanCache) -> tuple[str, ...]:
    differences = [
        f"{name} {getattr(a, name)} and {getattr(b, name)}" for name in SIZES if getattr(a, name) != getattr(b, name)
    ]
    if a.sector_angles.shape == b.sector_angles.shape:
        gap = np.abs(a.sector_angles - b.sector_angles)
        if not gap.max() < 1e-9:
            sector = int(np.argmax(gap))
            differences.append(
                f"sector angles differ (sector {sector}: {a.sector_angles[sector]:.9g} and "
                f"{b.sector_angles[sector]:.9g} rad)"
            )
    return tuple(differences)


def _sector_differences(a: ScanCache, b: ScanCache) -> tuple[SectorDifference, ...]:
    grid = (a.grid_h, a.grid_w)
    whole = projections(*grid, a.sector_angles)
    local = projections(*grid, a.sector_angles, rows=grid[0] // a.regions_h, cols=grid[1] // a.regions_w)
    both_valid = valid_rows(a.global_orders) & valid_rows(b.global_orders)
    regional_valid = valid_rows(a.regional_orders) & valid_rows(b.regional_orders)
    result = []
    for sector in range(a.num_sectors):
        first, second = a.global_orders[sector], b.global_orders[sector]
        regions_a, regions_b = a.regional_orders[:, sector], b.regional_orders[:, sector]
        usable = bool(both_valid[sector])
        moved = np.abs(displacements(first, second)) if usable else np.zeros(1, np.int64)
        equal = np.array_equal(first, second)
        tau = (1.0 if equal else kendall_tau(first, second)) if usable else None
        regional_ties = regional_valid[:, sector].all() and _regional_tie_only(regions_a, regions_b, local[sector])
        result.append(
            SectorDifference(
                sector=sector,
                angle_deg=round(math.degrees(a.sector_angles[sector]), 6),
                changed_share=float(np.mean(first != second)),
                mean_displacement=float(moved.mean()),
                max_displacement=int(moved.max()),
                kendall_tau=tau,
                reversed=len(first) > 1 and np.array_equal(first, second[::-1]),
                tie_only=usable and tie_only(first, second, whole[sector]),
                regional_changed_share=float(np.mean(regions_a != regions_b)),
                regions_changed=int((regions_a != regions_b).any(axis=1).sum()),
                regional_tie_only=bool(regional_ties),
            )
        )
    return tuple(result)


def _regional_tie_only(a: IntArray, b: IntArray, projection: np.ndarray) -> bool:
    """`tie_only` over all regions [R, K] of a sector at once."""
    return tie_only(a.reshape(-1), b.reshape(-1), projection)
