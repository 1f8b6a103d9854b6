"""Prefixes that differ between a checkpoint and a model.

A prefix rule is (strip, add). Candidates come from the data (two keys that end alike and have one shape) and from the
names such prefixes usually have; the one that makes most names and shapes agree wins.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from aqboard.domain.checkpoint import TensorSpec
from aqboard.readers.align.key_paths import split_difference

Specs = Mapping[str, TensorSpec]
Pair = tuple[str, str]

_USUAL = (
    "model.",
    "net.",
    "network.",
    "backbone.",
    "encoder.",
    "student.",
    "teacher.",
    "ema.",
    "ema_model.",
    "model_ema.",
    "state_dict.",
)
_MAX_RULES = 6
_TRIED = 12  # most frequent prefixes of the data that are tried


@dataclass(frozen=True)
class PrefixRule:
    """Strip one prefix, add another; `pairs` are checkpoint and model keys it brings together."""

    strip: str
    add: str
    pairs: tuple[Pair, ...]
    rivals: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """False for the rule that leaves keys alone."""
        return bool(self.strip or self.add)


def find_prefix_rules(checkpoint: Specs, model: Specs) -> list[PrefixRule]:
    """Rules in the order they should be tried, each key used once.

    A rule with `rivals` has another prefix that fits the same model keys as well (student and teacher, weights and
    their moving average): nothing in the names tells which is meant.
    """
    left, free = dict(checkpoint), dict(model)
    rules: list[PrefixRule] = []
    while left and free and len(rules) < _MAX_RULES:
        scored = [(_score(rule, left, free), rule) for rule in _candidates(left, free)]
        best_score, best = max(scored, key=lambda item: item[0], default=((0, 0, 0), None))
        # A later rule must be borne out by two tensors: one alone is as likely an accident.
        if best is None or best_score[0] < (2 if rules else 1):
            break
        targets = {target for _, target in best.pairs}
        rivals = tuple(
            rule.strip
            for score, rule in scored
            if best.changes
            and rule.strip != best.strip
            and score[:2] == best_score[:2]
            and {target for _, target in rule.pairs} == targets
        )
        rules.append(PrefixRule(best.strip, best.add, best.pairs, rivals))
        rival_keys = {key for key in left if any(key.startswith(strip) for strip in rivals)}
        for key, target in best.pairs:
            del left[key]
            del free[target]
        left = {key: spec for key, spec in left.items() if key not in rival_keys}
    return rules


def _score(rule: PrefixRule, checkpoint: Specs, model: Specs) -> tuple[int, int, int]:
    """Tensors that agree in name and shape, in name, and (of equals) the shortest rule."""
    same_shape = sum(checkpoint[key].shape == model[target].shape for key, target in rule.pairs)
    return same_shape, len(rule.pairs), -len(rule.strip) - len(rule.add)


def _candidates(checkpoint: Specs, model: Specs) -> list[PrefixRule]:
    found: Counter[Pair] = Counter()
    endings: defaultdict[tuple[tuple[str, ...], tuple[int, ...]], list[str]] = defaultdict(list)
    for key, spec in model.items():
        endings[tuple(key.split(".")[-2:]), spec.shape].append(key)
    for key, spec in checkpoint.items():
        for target in endings.get((tuple(key.split(".")[-2:]), spec.shape), ())[:40]:
            head, old, new, _ = split_difference(key, target)
            # A layer number in what differs means a renamed module within layers, not a prefix.
            if not head and not any(part.isdigit() for part in (*old, *new)):
                found["".join(f"{part}." for part in old), "".join(f"{part}." for part in new)] += 1
    strips = ["", *(prefix for prefix in _USUAL if any(key.startswith(prefix) for key in checkpoint))]
    adds = ["", *(prefix for prefix in _USUAL if any(key.startswith(prefix) for key in model))]
    tried = [("", ""), *(pair for pair, _ in found.most_common(_TRIED)), *((s, a) for s in strips for a in adds)]
    rules = (_apply(strip, add, checkpoint, model) for strip, add in dict.fromkeys(tried))
    return [rule for rule in rules if rule.pairs]


def _apply(strip: str, add: str, checkpoint: Specs, model: Specs) -> PrefixRule:
    renamed = ((key, add + key[len(strip) :]) for key in checkpoint if key.startswith(strip))
    return PrefixRule(strip, add, tuple((key, target) for key, target in renamed if target in model))
