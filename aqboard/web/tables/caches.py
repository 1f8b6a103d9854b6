"""Candidate caches as rows: MD5 groups beside content groups, and one sentence per pair."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import PurePath
from string import ascii_uppercase

from aqboard.domain.cache import CacheFacts, CacheVerdict, SectorDifference
from aqboard.domain.evidence import CacheEvidence
from aqboard.readers.caches.compare import byte_reasons
from aqboard.web.words import Face, short, size

Row = dict[str, str]

COMPARISON_FACES: dict[CacheVerdict, Face] = {
    "identical": Face("✅", "identical"),
    "same-content": Face("✅", "same content"),
    "metadata-differs": Face("⚠️", "metadata differs"),
    "tie-order-only": Face("⚠️", "only the order of ties differs"),
    "orders-differ": Face("❌", "orders differ"),
    "not-a-permutation": Face("❌", "not a permutation"),
    "different-grid": Face("❌", "different grid"),
}


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
    names = short_names([fact.file.path for fact in facts])
    md5s = group_names([fact.file.md5 for fact in facts])
    contents = group_names([fact.digests.content for fact in facts])
    return [
        {
            "file": name,
            "role": "the plan's cache" if fact.file.path == evidence.planned.file.path else "candidate",
            "MD5 group": f"{md5s[fact.file.md5]} ({short(fact.file.md5)})",
            "content group": f"{contents[fact.digests.content]} ({short(fact.digests.content)})",
            "training's": _training(fact, evidence.trained_with),
            "generator's": "✅ yes" if fact.equals_generator else "no",
            "valid": "✅ yes" if fact.valid else f"❌ {len(fact.faults)} kinds of broken order",
            "grid": f"{fact.grid_h} x {fact.grid_w}, {fact.num_sectors} sectors",
            "size": size(fact.file.size),
            "path": fact.file.path,
        }
        for name, fact in zip(names, facts, strict=True)
    ]


def _training(fact: CacheFacts, trained_with: str) -> str:
    if not trained_with:
        return "not recorded"
    return "✅ yes" if fact.digests.content == trained_with else "❌ no"


def sector_rows(sectors: Sequence[SectorDifference]) -> list[dict[str, str | int | float]]:
    """One row per wind sector: how many positions differ, and how far patches move along the order."""
    return [
        {
            "sector": sector.sector,
            "towards": f"{sector.angle_deg:g}°",
            "positions changed": f"{sector.changed_share:.1%}",
            "mean move (places)": round(sector.mean_displacement, 1),
            "largest move": sector.max_displacement,
            "Kendall tau": "" if sector.kendall_tau is None else f"{sector.kendall_tau:.4f}",
            "kind": _kind(sector),
            "regions changed": sector.regions_changed,
        }
        for sector in sectors
    ]


def _kind(sector: SectorDifference) -> str:
    if not sector.changed_share:
        return "equal"
    if sector.reversed:
        return "reversed"
    return "only ties" if sector.tie_only else "another order"


def short_names(paths: Sequence[str]) -> list[str]:
    """The file names; where two are equal, as many folders before them as tell all of these apart."""
    parts = [PurePath(path).parts for path in paths]
    lengths = [1] * len(parts)
    while True:
        tails = ["/".join(part[-length:]) for part, length in zip(parts, lengths, strict=True)]
        longer = [
            length + (tails.count(tail) > 1 and length < len(part))
            for part, tail, length in zip(parts, tails, lengths, strict=True)
        ]
        if longer == lengths:
            return tails
        lengths = longer


def pair_sentences(facts: Sequence[CacheFacts]) -> list[tuple[str, str, str]]:
    """Names of every pair, and what their digests say, from harmless to incomparable."""
    names = short_names([fact.file.path for fact in facts])
    named = zip(names, facts, strict=True)
    return [(one, other, pair_sentence(a, b)) for (one, a), (other, b) in combinations(named, 2)]


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
