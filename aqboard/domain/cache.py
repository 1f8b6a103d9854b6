"""Facts about scan caches: what one file holds, how two files differ, which of many hold the same orders."""

from collections.abc import Sequence
from typing import Literal

from aqboard.domain.model import Record
from aqboard.domain.words import PathText

CacheVerdict = Literal[
    "identical",
    "same-content",
    "metadata-differs",
    "tie-order-only",
    "orders-differ",
    "not-a-permutation",
    "different-grid",
]
"""How two caches relate, from harmless to incomparable; only the first two are harmless."""


class FileDigest(Record):
    """Size and digests of one file. SHA-256 is its identity; MD5 is shown because people know it."""

    path: PathText
    size: int
    mtime: float
    md5: str
    sha256: str


class CacheDigests(Record):
    """Canonical SHA-256 digests (hex) of what a scan cache says, whatever the file format it came in."""

    global_orders: str
    regional_orders: str
    metadata: str
    content: str


class CacheFormat(Record):
    """How a cache was written: the things that change a file's bytes and leave its content alone."""

    container: str
    protocol: int | None = None
    class_path: str | None = None
    key_order: tuple[str, ...] = ()
    order_kind: str = ""
    order_dtype: str = ""
    region_order_sorted: bool = True


class CacheFault(Record):
    """One kind of broken order: where it is (scope, sector) and how many tables show it."""

    scope: Literal["global", "regional"]
    sector: int
    tables: int
    detail: str


class CacheFacts(Record):
    """All that is known of one cache file."""

    file: FileDigest
    format: CacheFormat
    digests: CacheDigests
    grid_h: int
    grid_w: int
    num_sectors: int
    regions_h: int
    regions_w: int
    regional_tables_distinct: int
    regional_rows_distinct: int
    equals_generator: bool
    generator_note: str
    faults: tuple[CacheFault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """True when every order is a permutation."""
        return not self.faults


class SectorDifference(Record):
    """How one sector's global order differs between two caches.

    `changed_share` is the share of positions that hold another patch; displacements count positions along
    the order; `kendall_tau` is 1 for equal orders and -1 for reversed ones, None where one is not a
    permutation; `tie_only` says that patches moved only among patches of equal projection on the wind.
    """

    sector: int
    angle_deg: float
    changed_share: float
    mean_displacement: float
    max_displacement: int
    kendall_tau: float | None
    reversed: bool
    tie_only: bool
    regional_changed_share: float
    regions_changed: int
    regional_tie_only: bool


class CacheComparison(Record):
    """Two caches held against each other: one verdict, why the bytes differ, and figures per sector."""

    verdict: CacheVerdict
    summary: str
    a: CacheFacts
    b: CacheFacts
    byte_reasons: tuple[str, ...] = ()
    metadata_differences: tuple[str, ...] = ()
    sectors: tuple[SectorDifference, ...] = ()

    @property
    def same_content(self) -> bool:
        """True when a model cannot tell the two apart."""
        return self.verdict in ("identical", "same-content")


class UnreadableCache(Record):
    """A candidate that was refused, with the reader's code and sentence."""

    path: PathText
    code: str
    message: str


class CacheGroup(Record):
    """Caches that say the same: one content digest, one or more files (and MD5s)."""

    content: str
    paths: tuple[PathText, ...]
    md5s: tuple[str, ...]
    equals_generator: bool
    valid: bool


class CacheGroups(Record):
    """Candidates grouped by content; `facts` keeps the order in which the candidates were given."""

    groups: tuple[CacheGroup, ...]
    facts: tuple[CacheFacts, ...]
    unreadable: tuple[UnreadableCache, ...] = ()

    @classmethod
    def of(cls, facts: Sequence[CacheFacts], unreadable: Sequence[UnreadableCache] = ()) -> "CacheGroups":
        """Group caches by content digest, the largest group first."""
        by_content: dict[str, list[CacheFacts]] = {}
        for fact in facts:
            by_content.setdefault(fact.digests.content, []).append(fact)
        groups = [
            CacheGroup(
                content=content,
                paths=tuple(fact.file.path for fact in members),
                md5s=tuple(sorted({fact.file.md5 for fact in members})),
                equals_generator=members[0].equals_generator,
                valid=members[0].valid,
            )
            for content, members in by_content.items()
        ]
        groups.sort(key=lambda group: -len(group.paths))
        return cls(groups=tuple(groups), facts=tuple(facts), unreadable=tuple(unreadable))
