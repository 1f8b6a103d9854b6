"""Builds a module for any setting of the attribution, and measures each setting's batches once."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import cast

import torch
from torch import nn

from aqboard.domain.attribution import Factor, Setting, Tried
from aqboard.domain.evidence import CacheEvidence, LoadEvidence, LossEvidence, LossMeasurement
from aqboard.domain.evidence_attribution import Refused
from aqboard.domain.plan import SCAN_RULES, ScanLayout, ScanRule
from aqboard.probes.bench import Bench, needs_mending, trained_scan
from aqboard.probes.context import Context
from aqboard.probes.load import same_bits
from aqboard.probes.observe import observe
from aqboard.probes.target import Neutral, Scan
from aqboard.readers.caches.scan_cache import ScanCache, cache_digests, read_scan_cache

SEED = 0
"""Dropout draws the same masks for every setting in training mode."""


class Lab:
    """Settings in, losses out. What the first-loss probe measured is taken from its evidence, not measured again."""

    def __init__(self, context: Context, load: LoadEvidence, losses: LossEvidence) -> None:
        self._context, self._load, self._bench = context, load, Bench(context)
        self._caches = _Caches(context)
        self.tried: list[Tried] = []
        self.refused: list[Refused] = []
        self.weights = _ways_to_load(load)
        scan = context.scan
        self.planned = self._setting("as loaded", scan)
        new = "as configured" if self._new_parameters_matter() else ""
        self.planned = self.planned.with_value("new_parameters", new)
        best = "keys mapped" if "keys mapped" in self.weights else "as loaded"
        trained = trained_scan(context, scan) if scan else None
        as_trained = self._setting(best, trained or scan).with_value("new_parameters", new)
        self.reference = as_trained.with_value("new_parameters", "neutral") if new else as_trained
        self._take(losses, best, as_trained)

    @property
    def batches(self) -> int:
        """How many batches there are."""
        return len(self._bench.batches)

    def try_setting(self, setting: Setting, batches: int) -> Tried | None:
        """The setting's loss on at least the first `batches` batches; None when it cannot be measured."""
        known = next((row for row in self.tried if row.setting == setting), None)
        if known and len(known.per_batch) >= batches:
            return known
        if any(refused.setting == setting for refused in self.refused):
            return None
        done = known.per_batch if known else ()
        self._context.say(f"trying {_words(setting)}")
        fresh, error = observe(lambda: self._losses(setting, range(len(done), batches)))
        if fresh is None:
            self.refused.append(Refused(setting=setting, error=error))
            return None
        row = Tried(setting=setting, per_batch=(*done, *fresh), samples=self._bench.samples[:batches])
        self.tried = [other for other in self.tried if other is not known] + [row]
        return row

    def alternatives(self, base: Setting, factor: Factor) -> list[Setting]:
        """The base with every other value that the factor can take."""
        values = [value for value in self._values(base, factor) if value != base.value(factor)]
        return [self._changed(base, factor, value) for value in values]

    def _values(self, base: Setting, factor: Factor) -> Sequence[str]:
        if factor == "weights":
            return self.weights
        if factor in ("cache", "rule", "layout") and not base.rule:
            return ()
        if factor == "cache":
            return self._caches.names if base.rule.endswith("-sector") else ()
        if factor == "rule":
            return SCAN_RULES
        if factor == "layout":
            return () if base.rule == "none" else ("compat", "corrected")
        if factor == "new_parameters":
            return ("as configured", "neutral") if base.new_parameters else ()
        return ("evaluation", "training") if factor == "mode" else ("float32", "bfloat16")

    def _changed(self, base: Setting, factor: Factor, value: str) -> Setting:
        """The base with another value; a rule that reads a cache gets the plan's where the base has none."""
        if factor != "rule":
            return base.with_value(factor, value)
        planned = self._context.scan
        assert planned is not None
        cache = base.cache or self._caches.name_of(planned.cache)
        blank = {"cache": cache if value.endswith("-sector") else "", "rule": value}
        layout = "" if value == "none" else base.layout or planned.layout
        return Setting.model_validate({**base.model_dump(), **blank, "layout": layout})

    def _setting(self, weights: str, scan: Scan | None) -> Setting:
        fields: dict[str, str] = {"weights": weights}
        if scan is not None:
            reads = scan.rule.endswith("-sector")
            fields |= {"rule": scan.rule, "cache": self._caches.name_of(scan.cache) if reads else ""}
            fields["layout"] = "" if scan.rule == "none" else scan.layout
        return Setting.model_validate(fields)

    def _scan(self, setting: Setting) -> Scan | None:
        planned = self._context.scan
        if planned is None:
            return None
        cache = self._caches.cache(setting.cache) if setting.cache else planned.cache
        layout = setting.layout or planned.layout
        return Scan(cast(ScanRule, setting.rule), cast(ScanLayout, layout), cache)

    def _losses(self, setting: Setting, batches: range) -> list[float]:
        """Loss of each batch on a fresh module; training mode and autocast change nothing that lasts."""
        module, target = self._module(setting), self._bench.target
        module.train(setting.mode == "training")
        torch.manual_seed(SEED)
        device = next((parameter.device.type for parameter in module.parameters()), "cpu")
        low = torch.autocast(device, torch.bfloat16) if setting.precision == "bfloat16" else nullcontext()
        with torch.no_grad(), low:
            return [float(target.loss(module, self._bench.batches[index])) for index in batches]

    def _module(self, setting: Setting) -> nn.Module:
        scan, bench = self._scan(setting), self._bench
        if setting.weights == "random":
            module = bench.target.build(scan)
        else:
            module = bench.loaded(scan) if setting.weights == "as loaded" else bench.mended(scan, self._load)
        if setting.new_parameters == "neutral":
            cast(Neutral, bench.target).neutralise(module)
        return module

    def _new_parameters_matter(self) -> bool:
        """Whether the target knows new parameters and they are not neutral already."""
        target = self._bench.target
        if not isinstance(target, Neutral):
            return False
        module = self._bench.loaded(self._context.scan)
        before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
        target.neutralise(module)
        return not all(same_bits(tensor, before[key]) for key, tensor in module.state_dict().items())

    def _take(self, losses: LossEvidence, best: str, as_trained: Setting) -> None:
        """What the first-loss probe measured, as settings of the lab."""
        mended = self.planned.with_value("weights", best)
        self._know(self.planned, losses.planned)
        if "random" in self.weights and not self.planned.new_parameters:
            self._know(self.planned.with_value("weights", "random"), losses.random_init)
        self._know(mended, losses.mended)
        self._know(as_trained, losses.as_trained)
        for row in losses.candidates if self._context.scan else ():
            if row.scale_only:
                self._know(self._changed(mended, "rule", "none"), row)
            elif mended.cache and (name := self._caches.group_of(row.setting)):
                self._know(mended.with_value("cache", name), row)

    def _know(self, setting: Setting, row: LossMeasurement | None) -> None:
        if row is not None and all(known.setting != setting for known in self.tried):
            self.tried.append(Tried(setting=setting, per_batch=row.per_batch, samples=row.samples))


class _Caches:
    """The candidate caches, one per content, by the name of the first file that holds it."""

    def __init__(self, context: Context) -> None:
        evidence = context.known(CacheEvidence)
        facts = evidence.groups.facts if evidence else ()
        self._names: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self._groups: dict[str, str] = {}
        self._read: dict[str, ScanCache] = {}
        for fact in facts:
            path = Path(fact.file.path)
            name = self._names.setdefault(fact.digests.content, path.name)
            self._paths.setdefault(name, path)
            self._groups[path.name] = name

    @property
    def names(self) -> tuple[str, ...]:
        """One per content, the plan's first."""
        return tuple(self._paths)

    def group_of(self, file_name: str) -> str:
        """The name that stands for the content of this file; empty when it was not read."""
        return self._groups.get(file_name, "")

    def name_of(self, cache: ScanCache) -> str:
        """The name that stands for this cache's content."""
        name = self._names.setdefault(cache_digests(cache).content, "the plan's cache")
        self._read.setdefault(name, cache)
        return name

    def cache(self, name: str) -> ScanCache:
        """The orders behind a name; each file is read once."""
        if name not in self._read:
            self._read[name] = read_scan_cache(self._paths[name])
        return self._read[name]


def _ways_to_load(load: LoadEvidence) -> tuple[str, ...]:
    """Weights that can be told apart: loading nothing is random, and mapped keys only matter where some were lost."""
    ways = ["as loaded"]
    if needs_mending(load):
        ways.append("keys mapped")
    return (*ways, "random") if load.loaded else tuple(ways)


def _words(setting: Setting) -> str:
    said = [setting.weights, setting.rule, setting.layout, setting.cache, setting.new_parameters]
    return ", ".join(part for part in (*said, setting.mode, setting.precision) if part)
