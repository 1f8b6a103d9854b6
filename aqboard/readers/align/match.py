"""Which tensor of a checkpoint belongs to which tensor of a model?

Four passes, from certain to doubtful: wrapper names left out, prefixes exchanged, modules renamed, and what only looks
alike. The last is reported and never applied: a tensor in the wrong place of equal shape is worse than a missing one.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

from aqboard.domain.alignment import AlignmentRule, DtypeChange, KeyAlignment, KeyMatch, ShapeMismatch
from aqboard.domain.checkpoint import TensorSpec
from aqboard.readers.align.key_paths import join, without_wrappers
from aqboard.readers.align.prefix import PrefixRule, find_prefix_rules
from aqboard.readers.align.rename import RenamedModule, find_renames
from aqboard.readers.align.snippet import remap_snippet
from aqboard.readers.errors import ReadError

Specs = Mapping[str, TensorSpec]

_MAX_TENSORS = 20_000


def align_keys(checkpoint: Specs, model: Specs) -> KeyAlignment:
    """Match the tensors of a checkpoint with those of a model, by names and shapes alone.

    Raises ReadError (`too-big`) for more tensors than any model has.
    """
    if max(len(checkpoint), len(model)) > _MAX_TENSORS:
        raise ReadError(f"More than {_MAX_TENSORS} tensors cannot be aligned.", code="too-big")
    short_checkpoint, short_model = without_wrappers(checkpoint), without_wrappers(model)
    full_checkpoint = {short: key for key, short in short_checkpoint.items()}
    full_model = {short: key for key, short in short_model.items()}
    left = {short: checkpoint[key] for short, key in full_checkpoint.items()}
    free = {short: model[key] for short, key in full_model.items()}

    prefixes = find_prefix_rules(left, free)
    found = _prefix_matches(prefixes)
    _take(found, left, free)
    renamed = find_renames(left, free, lambda path: _expected(path, prefixes))
    found += _rename_matches(renamed, left)
    _take(found, left, free)
    found += _look_alikes(left, free)

    matches = [
        KeyMatch(
            checkpoint_key=full_checkpoint[match.checkpoint_key],
            model_key=full_model[match.model_key],
            confidence=_confidence(match, full_checkpoint, full_model),
            rule=match.rule,
        )
        for match in found
    ]
    rules = (*_unwrap_rules(short_checkpoint), *_prefix_rules(prefixes), *_rename_rules(renamed, found))
    return _report(checkpoint, model, matches, rules, short_model)


def _prefix_matches(rules: list[PrefixRule]) -> list[KeyMatch]:
    matches = []
    for rule in rules:
        described = _as_rule(rule).describe() if rule.changes else ""
        confidence = "weak" if rule.rivals else "remapped" if rule.changes else "exact"
        if rule.rivals:
            described = f"{described} (or {', '.join(rule.rivals)}: they fit as well)"
        matches += [
            KeyMatch(checkpoint_key=key, model_key=target, confidence=confidence, rule=described)
            for key, target in rule.pairs
        ]
    return matches


def _rename_matches(renamed: list[RenamedModule], left: Specs) -> list[KeyMatch]:
    leaves: defaultdict[str, list[str]] = defaultdict(list)
    for key in left:
        path, _, leaf = key.rpartition(".")
        leaves[path].append(leaf)
    return [
        KeyMatch(
            checkpoint_key=join(module.checkpoint, leaf),
            model_key=join(module.model, leaf),
            confidence="remapped" if module.certain else "weak",
            rule=_rename_text(module),
        )
        for module in renamed
        for leaf in leaves[module.checkpoint]
    ]


def _look_alikes(left: Specs, free: Specs) -> list[KeyMatch]:
    """Last resort: the only tensor of its leaf name and shape on both sides, or equally many in equal order."""
    sources: defaultdict[tuple[str, tuple[int, ...]], list[str]] = defaultdict(list)
    targets: defaultdict[tuple[str, tuple[int, ...]], list[str]] = defaultdict(list)
    for specs, groups in ((left, sources), (free, targets)):
        for key, spec in specs.items():
            groups[key.rpartition(".")[2], spec.shape].append(key)
    matches = []
    for group, keys in sources.items():
        same = targets.get(group, [])
        if len(keys) == len(same):
            rule = "the only one of this name and shape" if len(keys) == 1 else "same place in the order"
            matches += [
                KeyMatch(checkpoint_key=key, model_key=target, confidence="weak", rule=rule)
                for key, target in zip(keys, same, strict=True)
            ]
    return matches


def _confidence(match: KeyMatch, full_checkpoint: Mapping[str, str], full_model: Mapping[str, str]) -> str:
    """A key that only lost a wrapper's name is remapped: it does not load as it is."""
    same = full_checkpoint[match.checkpoint_key] == full_model[match.model_key]
    return "remapped" if match.confidence == "exact" and not same else match.confidence


def _expected(path: str, rules: list[PrefixRule]) -> str:
    """Where a module would be if only prefixes had changed."""
    for rule in sorted(rules, key=lambda rule: -len(rule.strip)):
        if f"{path}.".startswith(rule.strip):
            return (rule.add + f"{path}."[len(rule.strip) :]).rstrip(".")
    return path


def _take(matches: list[KeyMatch], left: dict[str, TensorSpec], free: dict[str, TensorSpec]) -> None:
    """Remove what is matched from both sides."""
    for match in matches:
        left.pop(match.checkpoint_key, None)
        free.pop(match.model_key, None)


def _unwrap_rules(short: Mapping[str, str]) -> list[AlignmentRule]:
    counts: Counter[str] = Counter()
    for key, without in short.items():
        if key != without:
            counts.update({part for part in key.split(".") if part not in without.split(".")})
    names = ", ".join(sorted(counts))
    changed = sum(key != without for key, without in short.items())
    return [AlignmentRule(kind="unwrap", old=names, new="", tensors=changed)] if changed else []


def _as_rule(rule: PrefixRule) -> AlignmentRule:
    return AlignmentRule(
        kind="prefix", old=rule.strip, new=rule.add, tensors=len(rule.pairs), ambiguous=bool(rule.rivals)
    )


def _prefix_rules(rules: list[PrefixRule]) -> list[AlignmentRule]:
    return [_as_rule(rule) for rule in rules if rule.changes]


def _rename_text(module: RenamedModule) -> str:
    rename = module.rename
    return AlignmentRule(kind="rename", old=rename.old, new=rename.new, context=rename.context, tensors=1).describe()


def _rename_rules(renamed: list[RenamedModule], matches: list[KeyMatch]) -> list[AlignmentRule]:
    texts = Counter(match.rule for match in matches)
    rules: dict[tuple[str, str, str, bool], AlignmentRule] = {}
    for module in renamed:
        rename = module.rename
        rules[rename.context, rename.old, rename.new, module.certain] = AlignmentRule(
            kind="rename",
            old=rename.old,
            new=rename.new,
            context=rename.context,
            tensors=texts[_rename_text(module)],
            ambiguous=not module.certain,
        )
    return list(rules.values())


def _report(
    checkpoint: Specs,
    model: Specs,
    matches: list[KeyMatch],
    rules: tuple[AlignmentRule, ...],
    short_model: Mapping[str, str],
) -> KeyAlignment:
    fitting = [m for m in matches if checkpoint[m.checkpoint_key].shape == model[m.model_key].shape]
    sure = [match for match in fitting if match.confidence != "weak"]
    used, filled = {m.checkpoint_key for m in matches}, {m.model_key for m in matches}
    mapping = {match.checkpoint_key: match.model_key for match in sure}
    return KeyAlignment(
        checkpoint_tensors=len(checkpoint),
        model_tensors=len(model),
        model_parameters=sum(spec.numel for spec in model.values()),
        matched_parameters=sum(model[match.model_key].numel for match in sure),
        exact=tuple(match for match in fitting if match.confidence == "exact"),
        remapped=tuple(match for match in fitting if match.confidence == "remapped"),
        weak=tuple(match for match in fitting if match.confidence == "weak"),
        shape_mismatches=tuple(
            ShapeMismatch(
                checkpoint_key=match.checkpoint_key,
                model_key=match.model_key,
                checkpoint_shape=checkpoint[match.checkpoint_key].shape,
                model_shape=model[match.model_key].shape,
            )
            for match in matches
            if checkpoint[match.checkpoint_key].shape != model[match.model_key].shape
        ),
        dtype_changes=tuple(
            DtypeChange(
                checkpoint_key=match.checkpoint_key,
                model_key=match.model_key,
                checkpoint_dtype=checkpoint[match.checkpoint_key].dtype,
                model_dtype=model[match.model_key].dtype,
            )
            for match in fitting
            if checkpoint[match.checkpoint_key].dtype != model[match.model_key].dtype
        ),
        missing=tuple(key for key in model if key not in filled),
        unexpected=tuple(key for key in checkpoint if key not in used),
        rules=rules,
        snippet=remap_snippet(
            mapping,
            [key for key in checkpoint if key not in mapping],
            rules,
            wrapper=_common_wrapper(short_model),
            missing=[key for key in model if key not in filled],
        ),
    )


def _common_wrapper(short_model: Mapping[str, str]) -> str:
    """What a wrapped model has in front of all its keys (`_orig_mod.`); empty when it is anything else."""
    fronts = {key.removesuffix(short) for key, short in short_model.items()}
    return fronts.pop() if len(fronts) == 1 else ""
