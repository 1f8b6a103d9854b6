"""Validation losses: the first one with what to compare it with, and what explains it.

The first loss is measured as planned and in the settings next to it. Attribution changes what could differ, one thing
at a time, around the plan and around the training's setting.
"""

from collections.abc import Sequence
from dataclasses import replace

from aqboard.domain.attribution import FACTORS, Factor, Setting, best_step, explain
from aqboard.domain.baseline import upper_limit
from aqboard.domain.evidence.checkpoint import LoadEvidence
from aqboard.domain.evidence.loss import AttributionEvidence, LossEvidence, LossMeasurement
from aqboard.domain.evidence.scan import CacheEvidence
from aqboard.probes.attribution_lab import Lab
from aqboard.probes.bench import Bench, needs_mending, trained_scan
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Unavailable
from aqboard.readers.caches.scan_cache import ScanCache, cache_digests, read_scan_cache

EXPLORED_BATCHES = 2
"""Batches for settings that are only explored; what counts are ratios to the plan on the same batches."""

CONFIRMATIONS = 3
"""Explanations that are measured on all batches, should the first ones not hold there."""

SECOND_STEP: Sequence[Factor] = ("cache", "rule", "layout", "new_parameters")
"""What is changed on top of the best single change; what the training's mode and precision cost is asked elsewhere."""


def measure_first_loss(context: Context) -> LossEvidence:
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


def measure_attribution(context: Context) -> AttributionEvidence:
    """Explore around the plan; where there is a gap, around the best single change and the training's setting too."""
    load, losses = context.known(LoadEvidence), context.known(LossEvidence)
    if load is None or losses is None:
        raise Unavailable("the first loss was not measured")
    lab = Lab(context, load, losses)
    planned = lab.tried[0]
    limit = upper_limit(context.plan.baseline)
    # Around random weights nothing else can be seen; only the weights are changed there.
    _explore(lab, lab.planned, FACTORS if load.loaded else ("weights",))
    if planned.mean > limit:
        step = best_step(planned, lab.tried)
        if step is not None:
            _explore(lab, step.setting, SECOND_STEP)
    if lab.try_setting(lab.reference, EXPLORED_BATCHES) is not None:
        _explore(lab, lab.reference, FACTORS)
    for _ in range(CONFIRMATIONS):
        found = explain(planned, lab.tried, lab.reference, limit)
        if found is None or len(found.row.per_batch) == lab.batches:
            break
        lab.try_setting(found.row.setting, lab.batches)
    return AttributionEvidence(
        planned=lab.planned, reference=lab.reference, tried=tuple(lab.tried), refused=tuple(lab.refused)
    )


def _explore(lab: Lab, base: Setting, factors: Sequence[Factor]) -> None:
    for factor in factors:
        for setting in lab.alternatives(base, factor):
            lab.try_setting(setting, min(EXPLORED_BATCHES, lab.batches))


FIRST_LOSS = Probe(LossEvidence, "First loss", measure_first_loss)
ATTRIBUTION = Probe(AttributionEvidence, "Loss attribution", measure_attribution)
