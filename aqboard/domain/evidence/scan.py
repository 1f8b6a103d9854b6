"""Evidence on the wind scan: the caches that hold its orders, and the order that the model applies."""

from typing import ClassVar

from aqboard.domain.cache import CacheFacts, CacheGroups
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.model import Record
from aqboard.domain.plan import ScanRule


class CacheEvidence(Evidence):
    """The plan's cache and the other candidates, grouped by content."""

    kind: ClassVar[str] = "cache"
    builds_on: ClassVar[tuple[str, ...]] = ("checkpoint",)
    groups: CacheGroups
    planned: CacheFacts
    """The plan's own cache; also the first of the groups' facts."""
    trained_with: str = ""
    """Content digest of the cache the checkpoint was trained with, from its provenance; empty when unknown."""
    grid: tuple[int, int]
    """Patch rows and columns that the model has."""


class DirectionResult(Record):
    """One wind direction, blown uniformly over the whole grid."""

    label: str
    angle_deg: float
    """Direction the wind blows towards, counter-clockwise from east."""
    permutation: bool
    """Each patch appears exactly once."""
    as_asked: bool
    """The order applied equals, patch by patch, the order the plan's rule and cache ask for."""
    moved: float
    """Share of tokens that are not in row-major place."""


class ScanEvidence(Evidence):
    """The order that the model really applies to its tokens, compared with an independent calculation."""

    kind: ClassVar[str] = "scan"
    tokens: int
    directions: tuple[DirectionResult, ...]
    rules_in_force: tuple[ScanRule, ...]
    """Every rule that explains the orders seen under real wind; a single one when the winds distinguish the rules."""
    samples: int
    """Real wind fields that the rules were compared on."""
    cache_is_used: bool
    """Putting another cache into memory changes the order applied."""
    calm: str
    """What the model does with no wind at all: `order`, or the error it raises."""
    not_finite: str
    """What the model does when one wind pixel is NaN: the error it raises, or `accepted`."""
