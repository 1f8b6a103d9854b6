"""The first validation loss: as planned, and the settings it should be compared with, on the same batches."""

from collections.abc import Sequence
from dataclasses import replace

from aqboard.domain.evidence import CacheEvidence, LoadEvidence, LossEvidence, LossMeasurement
from aqboard.probes.bench import Bench, needs_mending, trained_scan
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Unavailable
from aqboard.readers.caches.scan_cache import ScanCache, cache_digests, read_scan_cache


def measure(context: Context) -> LossEvidence:
    """Measure each setting once; settings that are the same by construction share one measurement."""
    load = context.known(LoadEvidence)
    if load is None:
        raise Unavailable("the checkpoint could not be loaded into the model")
    bench, scan = Bench(context), context.scan
    planned = bench.loss("as planned", bench.loaded(scan))
    random_init = bench.loss("random initialisation", context.target.build(scan))
    mended = bench.loss("keys mapped", bench.mended(scan, load)) if needs_mending(load) else None
    trained = trained_scan(context, scan) if scan else None
    as_trained = bench.loss("keys mapped, scan as trained", bench.mended(trained, load)) if trained else None
    return LossEvidence(
        planned=planned,
        random_init=random_init,
        persistence=bench.persistence(),
        mended=mended,
        as_trained=as_trained,
        candidates=tuple(_candidates(context, bench, load, mended or planned)) if scan else (),
    )


def _candidates(
    context: Context, bench: Bench, load: LoadEvidence, reference: LossMeasurement
) -> Sequence[LossMeasurement]:
    """The plan's cache first, then the others; equal contents are measured once."""
    scan = context.scan
    assert scan is not None
    asked = context.plan.wind_scan
    evidence = context.known(CacheEvidence)
    readable = {facts.file.path for facts in evidence.groups.facts} if evidence else set()
    planned = cache_digests(scan.cache).content
    files = [(asked.cache.name, planned)]
    others: dict[str, tuple[str, ScanCache]] = {}
    for path in dict.fromkeys(asked.candidates):
        if str(path) not in readable or path == asked.cache:
            continue
        cache = read_scan_cache(path)
        content = cache_digests(cache).content
        files.append((path.name, content))
        if content != planned:
            others.setdefault(content, (path.name, cache))
    measured = bench.losses_per_cache(scan, tuple(others.values()), load, reference)
    by_content = {planned: reference, **dict(zip(others, measured, strict=True))}
    rows = [by_content[content].model_copy(update={"setting": name}) for name, content in files]
    row_major = bench.loss("row-major order", bench.mended(replace(scan, rule="none"), load), scale_only=True)
    return [*rows, row_major]


PROBE = Probe(LossEvidence, "First loss", measure)
