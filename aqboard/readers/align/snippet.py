"""The code that makes a checkpoint's keys fit, ready to paste.

Protects against a snippet that is almost right: the rules are applied to every key here first, and where they would
not give exactly the mapping found, the mapping itself is written out.
"""

from collections.abc import Iterable, Mapping, Sequence

from aqboard.domain.alignment import AlignmentRule
from aqboard.readers.align.key_paths import WRAPPERS

_EXPLICIT_LINES = 400


def remap_snippet(
    mapping: Mapping[str, str],
    others: Iterable[str],
    rules: Iterable[AlignmentRule],
    *,
    wrapper: str = "",
    missing: Sequence[str] = (),
) -> str:
    """Python source that defines `remap(key)` and loads with it.

    `mapping`: checkpoint key to model key for what is to be loaded; `others`: checkpoint keys that are left over,
    which must not land on a model key that is taken; `wrapper`: what the model has in front of all its keys;
    `missing`: model keys that nothing in the file fits, which the snippet lists for a person to confirm.
    """
    applied = [rule for rule in rules if not rule.ambiguous]
    if all(key == target for key, target in mapping.items()):
        body = ["def remap(key):", "    return key"]
    elif _fits(mapping, others, applied, wrapper):
        body = _rule_lines(applied, wrapper)
    else:
        body = _explicit_lines(mapping)
    load = [
        "",
        'state = checkpoint["state_dict"] if "state_dict" in checkpoint else checkpoint',
        "state = {remap(key): tensor for key, tensor in state.items()}",
        "missing, unexpected = model.load_state_dict(state, strict=False)",
        *_proof(missing),
    ]
    return "\n".join([*body, *load])


def _proof(missing: Sequence[str]) -> list[str]:
    """The lines that refuse a half-loaded model."""
    if not missing:
        return ['assert not missing, f"not loaded: {missing}"']
    return [
        "new = {  # not in the file: are they all meant to be new in this model?",
        *(f"    {key!r}," for key in missing[:_EXPLICIT_LINES]),
        "}",
        'assert set(missing) <= new, f"not loaded: {set(missing) - new}"',
    ]


def apply_rules(key: str, rules: Iterable[AlignmentRule]) -> str:
    """What the snippet's `remap` makes of a key: wrappers out, one prefix, then every rename."""
    prefixes = []
    for rule in rules:
        if rule.kind == "unwrap":
            key = ".".join(part for part in key.split(".") if part not in WRAPPERS)
        elif rule.kind == "prefix":
            prefixes.append(rule)
    for rule in _longest_first(prefixes):
        if key.startswith(rule.old):
            key = rule.new + key[len(rule.old) :]
            break
    for rule in rules:
        if rule.kind == "rename":
            old, new = _rename_texts(rule)
            key = f".{key}".replace(old, new, 1)[1:]
    return key


def _fits(mapping: Mapping[str, str], others: Iterable[str], rules: list[AlignmentRule], wrapper: str) -> bool:
    taken = set(mapping.values())
    return all(wrapper + apply_rules(key, rules) == target for key, target in mapping.items()) and not any(
        wrapper + apply_rules(key, rules) in taken for key in others
    )


def _rule_lines(rules: list[AlignmentRule], wrapper: str) -> list[str]:
    lines = ["def remap(key):"]
    if any(rule.kind == "unwrap" for rule in rules):
        lines.append(f'    key = ".".join(part for part in key.split(".") if part not in {WRAPPERS!r})')
    word = "if"
    for rule in _longest_first([rule for rule in rules if rule.kind == "prefix"]):
        if rule.old:
            lines.append(f"    {word} key.startswith({rule.old!r}):  # {rule.tensors} tensors")
            added = f"{rule.new!r} + " if rule.new else ""
            lines.append(f"        key = {added}key[{len(rule.old)}:]")
            word = "elif"
        elif rule.new:
            lines.append(f"    {'key' if word == 'if' else 'else: key'} = {rule.new!r} + key  # {rule.tensors} tensors")
    for rule in rules:
        if rule.kind == "rename":
            old, new = _rename_texts(rule)
            lines.append(f'    key = ("." + key).replace({old!r}, {new!r}, 1)[1:]  # {rule.tensors} tensors')
    return [*lines, f"    return {wrapper!r} + key  # the model is wrapped" if wrapper else "    return key"]


def _explicit_lines(mapping: Mapping[str, str]) -> list[str]:
    changed = [(key, target) for key, target in mapping.items() if key != target]
    pairs = [f"    {key!r}: {target!r}," for key, target in changed[:_EXPLICIT_LINES]]
    if len(changed) > _EXPLICIT_LINES:
        pairs.append(f"    # ... and {len(changed) - _EXPLICIT_LINES} more; ask `aqboard checkpoint align --json`")
    return ["RENAMED = {", *pairs, "}", "", "def remap(key):", "    return RENAMED.get(key, key)"]


def _longest_first(rules: list[AlignmentRule]) -> list[AlignmentRule]:
    return sorted(rules, key=lambda rule: -len(rule.old))


def _rename_texts(rule: AlignmentRule) -> tuple[str, str]:
    before = f".{rule.context}." if rule.context else "."
    old = f"{before}{rule.old}." if rule.old else before
    new = f"{before}{rule.new}." if rule.new else before
    return old, new
