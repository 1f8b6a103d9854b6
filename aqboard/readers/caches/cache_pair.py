"""Two caches with everything a picture of their difference needs, as one answer of a sandboxed reader."""

from aqboard.domain.cache import CacheComparison
from aqboard.domain.model import Record
from aqboard.readers.caches.cache_facts import load_cache
from aqboard.readers.caches.compare import compare_loaded
from aqboard.readers.caches.order_metrics import ranks

Places = tuple[tuple[int, ...], ...]
"""[S, N]: for each sector, the place of each patch in the order; row-major patches, place 0 is visited first."""


class CachePair(Record):
    """A comparison, and the place of every patch in every sector's global order of both caches.

    `places` is None where patches have no comparable places: other grids, or an order that is no permutation.
    """

    comparison: CacheComparison
    places: tuple[Places, Places] | None


def read_pair(a_path: str, b_path: str) -> CachePair:
    """Read and compare two cache files; ReadError when one cannot be read."""
    a, b = load_cache(a_path), load_cache(b_path)
    comparison = compare_loaded(a, b)
    if comparison.verdict == "different-grid" or not (a.facts.valid and b.facts.valid):
        return CachePair(comparison=comparison, places=None)
    places = tuple(tuple(map(tuple, ranks(loaded.cache.global_orders).tolist())) for loaded in (a, b))
    return CachePair(comparison=comparison, places=(places[0], places[1]))
