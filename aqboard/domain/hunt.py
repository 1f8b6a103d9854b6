"""What a hunt for the right cache found: files that hold one, and places that mention one."""

from typing import Literal

from aqboard.domain.cache import CacheGroups
from aqboard.domain.model import Record
from aqboard.domain.words import PathText


class WalkReport(Record):
    """How a walk over folder trees went: what was seen, and what could not be."""

    roots: tuple[PathText, ...]
    folders: int
    files: int
    candidates: tuple[PathText, ...]
    unreadable_folders: tuple[PathText, ...] = ()
    links_left_out: tuple[PathText, ...] = ()
    too_large: tuple[PathText, ...] = ()


class Reference(Record):
    """The checkpoint or cache that candidates are held against.

    `content` is the content digest it names or has, None where it names none; `when` is its modification time, s
    since 1970.
    """

    path: PathText
    content: str | None
    when: float


class CacheHunt(Record):
    """Caches found, grouped by content, and the groups that match what was looked for."""

    walk: WalkReport
    groups: CacheGroups
    not_caches: int
    like: Reference | None = None
    checkpoint: Reference | None = None

    @property
    def matching(self) -> tuple[str, ...]:
        """Content digests among the groups that a reference names."""
        wanted = {reference.content for reference in (self.like, self.checkpoint) if reference and reference.content}
        return tuple(group.content for group in self.groups.groups if group.content in wanted)


MentionKind = Literal["path", "md5", "sha256", "setting"]


class Mention(Record):
    """One value mentioned in one file: where first and last (line, or a checkpoint's setting), and how often."""

    file: PathText
    kind: MentionKind
    value: str
    times: int
    first: str
    last: str
    text: str
    known_as: str | None = None


class MentionReport(Record):
    """All mentions in the files searched; `unreadable` names those that could not be."""

    files: int
    mentions: tuple[Mention, ...]
    unreadable: tuple[PathText, ...] = ()
