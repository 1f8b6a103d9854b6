"""The bench: modules in the states that probes compare, and how a loss is measured on the fixed batches."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import cast, get_args

import torch
from torch import nn

from aqboard.domain.evidence.checkpoint import CheckpointEvidence, LoadEvidence
from aqboard.domain.evidence.loss import LossMeasurement
from aqboard.domain.evidence.scan import CacheEvidence
from aqboard.domain.plan import ScanLayout, ScanRule
from aqboard.probes.context import Context
from aqboard.probes.load import load_checkpoint, receiver_of
from aqboard.probes.target import Batch, ComparesCaches, Persists, Scan
from aqboard.readers.caches.scan_cache import ScanCache, read_scan_cache


class Bench:
    """The fixed batches, and how a loss is measured on them."""

    def __init__(self, context: Context) -> None:
        self.target, self.state, self._say = context.target, context.state, context.say
        self._plan = context.plan.checkpoint

    @cached_property
    def batches(self) -> Sequence[Batch]:
        """The validation batches of the plan."""
        return self.target.validation_batches()

    @property
    def samples(self) -> tuple[int, ...]:
        """Samples in each batch."""
        return tuple(self.target.size(batch) for batch in self.batches)

    def loaded(self, scan: Scan | None) -> nn.Module:
        """A module with the checkpoint loaded as the training loads it."""
        module = self.target.build(scan)
        load_checkpoint(self.target, self._plan, module, self.state)
        return module

    def mended(self, scan: Scan | None, load: LoadEvidence) -> nn.Module:
        """A module with every tensor in the place where the alignment puts it."""
        module = self.target.build(scan)
        placed = {match.model_key: self.state[match.checkpoint_key] for match in load.alignment.matched}
        receiver_of(self.target, module).load_state_dict(placed, strict=False)
        return module

    def loss(self, setting: str, module: nn.Module, *, scale_only: bool = False) -> LossMeasurement:
        """The loss of each batch in eval mode, without gradients."""
        module.eval()
        with torch.no_grad():
            losses = [float(self.target.loss(module, batch)) for batch in self._with_progress(setting)]
        return LossMeasurement(setting=setting, per_batch=tuple(losses), samples=self.samples, scale_only=scale_only)

    def losses_per_cache(
        self, scan: Scan, caches: Sequence[tuple[str, ScanCache]], load: LoadEvidence, own: LossMeasurement
    ) -> list[LossMeasurement]:
        """Losses of the mended module under other caches (name, cache); `own` is the one under the scan's cache."""
        if not caches:
            return []
        target = self.target
        if not isinstance(target, ComparesCaches):
            return [self.loss(name, self.mended(replace(scan, cache=cache), load)) for name, cache in caches]
        with torch.no_grad():
            module, told = self.mended(scan, load).eval(), self._with_progress(f"{len(caches)} other caches at once")
            losses = target.losses_per_cache(module, told, [cache for _, cache in caches], own.per_batch)
        return [
            LossMeasurement(setting=name, per_batch=tuple(row), samples=self.samples)
            for (name, _), row in zip(caches, losses, strict=True)
        ]

    def _with_progress(self, setting: str) -> Iterator[Batch]:
        """The batches, saying which one it is."""
        for i, batch in enumerate(self.batches, 1):
            self._say(f"{setting}: batch {i} of {len(self.batches)}")
            yield batch

    def persistence(self) -> LossMeasurement | None:
        """The loss of "nothing changes"."""
        if not isinstance(self.target, Persists):
            return None
        losses = [float(self.target.persistence(batch)) for batch in self.batches]
        return LossMeasurement(setting="persistence", per_batch=tuple(losses), samples=self.samples, scale_only=True)


def needs_mending(load: LoadEvidence) -> bool:
    """Whether the alignment puts tensors in places that the training's own loader left empty."""
    return not {match.model_key for match in load.alignment.matched} <= set(load.loaded)


def trained_scan(context: Context, planned: Scan) -> Scan | None:
    """The scan of the checkpoint's provenance, or None when it says nothing, or nothing else than the plan."""
    checkpoint = context.known(CheckpointEvidence)
    stamp = (checkpoint.provenance if checkpoint else None) or {}
    rule, layout = stamp.get("scan_rule"), stamp.get("scan_layout")
    if rule not in get_args(ScanRule) or layout not in get_args(ScanLayout):
        return None
    cache = _trained_cache(context, planned.cache)
    if (rule, layout) == (planned.rule, planned.layout) and cache is planned.cache:
        return None
    return Scan(cast(ScanRule, rule), cast(ScanLayout, layout), cache)


def _trained_cache(context: Context, planned: ScanCache) -> ScanCache:
    """The candidate with the content that the checkpoint was trained with; the plan's where there is none."""
    evidence = context.known(CacheEvidence)
    if evidence is None or evidence.planned.digests.content == evidence.trained_with:
        return planned
    for facts in evidence.groups.facts:
        if facts.digests.content == evidence.trained_with:
            return read_scan_cache(facts.file.path)
    return planned
