"""Candidate caches as rows: MD5 groups beside content groups, and one sentence per pair."""

from collections.abc import Sequence
from itertools import combinations
from string import ascii_uppercase

from aqboard.artefacts.compare import byte_reasons
from aqboard.domain.cache import CacheFacts
from aqboard.domain.evidence import CacheEvidence
from aqboard.views.words import short, size

Row = dict[str, str]


def group_names(digests: Sequence[str]) -> dict[str, str]:
    """A letter per distinct digest, in order of appearance: A, B, ... Z, A2, B2, ..."""
    distinct = dict.fromkeys(digests)
    letters = len(ascii_uppercase)
    return {
        digest: ascii_uppercase[i % letters] + (str(i // letters + 1) if i >= letters else "")
        for i, digest in enumerate(distinct)
    }


def candidate_rows(evidence: CacheEvidence) -> list[Row]:
    """One row per readable candidate, in the plan's order."""
    facts = evidence.groups.facts
    md5s = group_names([fact.file.md5 for fact in facts])
    contents = group_names([fact.digests.content for fact in facts])
    return [
        {
            "file": fact.file.path,
            "role": "the plan's cache" if fact.file.path == evidence.planned.file.path else "candidate",
            "MD5 group": f"{md5s[fact.file.md5]} ({short(fact.file.md5)})",
            "content group": f"{contents[fact.digests.content]} ({short(fact.digests.content)})",
            "training's": _training(fact, evidence.trained_with),
            "generator's": "✅ yes" if fact.equals_generator else "no",
            "valid": "✅ yes" if fact.valid else f"❌ {len(fact.faults)} kinds of broken order",
            "grid": f"{fact.grid_h} x {fact.grid_w}, {fact.num_sectors} sectors",
            "size": size(fact.file.size),
        }
        for fact in facts
    ]


def _training(fact: CacheFacts, trained_with: str) -> str:
    if not trained_with:
        return "not recorded"
    return "✅ yes" if fact.digests.content == trained_with else "❌ no"


def pair_sentences(facts: Sequence[CacheFacts]) -> list[tuple[CacheFacts, CacheFacts, str]]:
    """Every pair with what its digests say, from harmless to incomparable."""
    return [(a, b, pair_sentence(a, b)) for a, b in combinations(facts, 2)]


def pair_sentence(a: CacheFacts, b: CacheFacts) -> str:
    """How two caches relate, told from their digests alone."""
    if a.file.sha256 == b.file.sha256:
        return "✅ identical, byte by byte."
    if a.digests.content == b.digests.content:
        why = "; ".join(byte_reasons(a.format, b.format))
        return f"✅ same content: a model cannot tell them apart. The bytes differ in {why}."
    if (a.grid_h, a.grid_w) != (b.grid_h, b.grid_w):
        return f"❌ different grids: {a.grid_h} x {a.grid_w} and {b.grid_h} x {b.grid_w} patches."
    parts = [
        name
        for name, same in (
            ("global orders", a.digests.global_orders == b.digests.global_orders),
            ("regional orders", a.digests.regional_orders == b.digests.regional_orders),
            ("sizes or angles", a.digests.metadata == b.digests.metadata),
        )
        if not same
    ]
    return f"❌ different content: {' and '.join(parts)} differ."
