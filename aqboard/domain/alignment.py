"""How the keys of a checkpoint and the keys of a model correspond, with the confidence of each match."""

from typing import Literal

from aqboard.domain.model import Record

Confidence = Literal["exact", "remapped", "weak"]
"""`exact`: same key. `remapped`: another key, by a rule that fits. `weak`: a guess, reported and never applied."""


class KeyMatch(Record):
    """One tensor of the checkpoint and the tensor of the model it belongs to."""

    checkpoint_key: str
    model_key: str
    confidence: Confidence
    rule: str = ""


class ShapeMismatch(Record):
    """Keys that correspond by name while the shapes differ, so that the tensor cannot be loaded."""

    checkpoint_key: str
    model_key: str
    checkpoint_shape: tuple[int, ...]
    model_shape: tuple[int, ...]


class DtypeChange(Record):
    """A matched tensor whose dtype changes on loading."""

    checkpoint_key: str
    model_key: str
    checkpoint_dtype: str
    model_dtype: str


class AlignmentRule(Record):
    """A way keys were rewritten: a wrapper's name left out, a prefix exchanged, a module renamed.

    `old` and `new` are dotted paths (prefixes end in a dot, renames are looked for after `context`); `tensors`
    counts the tensors it maps. An ambiguous rule has an equal rival and is not applied.
    """

    kind: Literal["unwrap", "prefix", "rename"]
    old: str
    new: str
    context: str = ""
    tensors: int
    ambiguous: bool = False

    def describe(self) -> str:
        """The rule in words."""
        if self.kind == "unwrap":
            return f"leave out {self.old}"
        if self.kind == "prefix":
            if not self.new:
                return f"strip {self.old}"
            return f"replace {self.old} by {self.new}" if self.old else f"add {self.new}"
        place = f" after {self.context}" if self.context else ""
        return f"rename {self.old or '(nothing)'} to {self.new or '(nothing)'}{place}"


class FoldedKeys(Record):
    """Keys that differ only in numbers, as one pattern: `blocks.{0..5}.norm1.weight`, 6 keys."""

    pattern: str
    count: int


class KeyAlignment(Record):
    """The whole correspondence. `n/N` for a person is `len(matched)` of `model_tensors`."""

    checkpoint_tensors: int
    model_tensors: int
    model_parameters: int
    matched_parameters: int
    exact: tuple[KeyMatch, ...]
    remapped: tuple[KeyMatch, ...]
    weak: tuple[KeyMatch, ...]
    shape_mismatches: tuple[ShapeMismatch, ...]
    dtype_changes: tuple[DtypeChange, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    rules: tuple[AlignmentRule, ...]
    snippet: str

    @property
    def matched(self) -> tuple[KeyMatch, ...]:
        """Tensors that load when the rules are applied: exact and remapped ones."""
        return (*self.exact, *self.remapped)

    @property
    def complete(self) -> bool:
        """True when every tensor of the model is matched, and there is at least one."""
        return self.model_tensors > 0 and len(self.matched) == self.model_tensors
