"""The candidate caches, read safely and grouped by content."""

from aqboard.domain.evidence import CacheEvidence, CheckpointEvidence
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import ScansWind, Unavailable, able
from aqboard.readers import guarded
from aqboard.readers.errors import ReadError


def measure(context: Context) -> CacheEvidence:
    """Compare the plan's cache with every candidate, each file once."""
    scan = context.plan.scan
    if scan is None:
        raise Unavailable("the plan has no scan section")
    paths = list(dict.fromkeys([scan.cache, *scan.candidates]))
    context.say(f"reading {len(paths)} caches")
    groups = guarded.group_caches(paths)
    for unreadable in groups.unreadable:
        if unreadable.path == str(scan.cache):
            raise ReadError(f"scan.cache: {unreadable.message}", code=unreadable.code)
    return CacheEvidence(
        groups=groups,
        planned=groups.facts[0],
        trained_with=_trained_with(context),
        grid=able(context.target, ScansWind).grid,
    )


def _trained_with(context: Context) -> str:
    checkpoint = context.known(CheckpointEvidence)
    stamp = checkpoint.provenance if checkpoint else None
    cache = stamp.get("scan_cache") if stamp else None
    digest = cache.get("content") if isinstance(cache, dict) else None
    return digest if isinstance(digest, str) else ""


PROBE = Probe(CacheEvidence, "Scan caches", measure)
