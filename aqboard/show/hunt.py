"""What a search for a cache found, as rows: files that hold one, and files that mention one."""

from aqboard.domain.cache import CacheGroups
from aqboard.domain.hunt import CacheHunt, MentionReport, Reference, WalkReport
from aqboard.domain.words import moment, size
from aqboard.show.caches import group_names
from aqboard.show.words import NO, YES, Row, short

DAY_S = 86_400
UNSTAMPED = "The checkpoint does not say which cache it was trained with; only its date can be compared."


def found_words(found: CacheHunt) -> tuple[str, str]:
    """How many caches were found, and among what."""
    walk, groups = found.walk, found.groups
    return (
        f"{len(groups.facts)} caches",
        f"of {len(groups.groups)} different contents among {walk.files} files in {walk.folders} folders; "
        f"{found.not_caches} files of that name are something else.",
    )


def cache_rows(groups: CacheGroups, like: Reference | None = None, checkpoint: Reference | None = None) -> list[Row]:
    """One row per cache found: first those that match a reference, then by date, newest first."""
    contents = group_names([group.content for group in groups.groups])
    matching = {reference.content for reference in (like, checkpoint) if reference}
    ordered = sorted(groups.facts, key=lambda fact: (fact.digests.content not in matching, -fact.file.mtime))
    return [
        {
            "file": fact.file.path,
            "content group": f"{contents[fact.digests.content]} ({short(fact.digests.content)})",
            "the training's": _matches(checkpoint, fact.digests.content),
            "the plan's": _matches(like, fact.digests.content),
            "generator's": YES if fact.equals_generator else "no",
            "valid": YES if fact.valid else NO,
            "last changed": moment(fact.file.mtime),
            "beside the checkpoint": _beside(fact.file.mtime, checkpoint),
            "size": size(fact.file.size),
            "MD5": fact.file.md5,
        }
        for fact in ordered
    ]


def _matches(wanted: Reference | None, content: str) -> str:
    if wanted is None or wanted.content is None:
        return "not known"
    return YES if wanted.content == content else "no"


def _beside(when: float, checkpoint: Reference | None) -> str:
    """How long before or after the checkpoint a cache was last changed; a later one cannot have trained it."""
    if checkpoint is None:
        return ""
    days = (when - checkpoint.when) / DAY_S
    return f"{abs(days):.1f} days {'after' if days > 0 else 'before'}"


def mention_rows(report: MentionReport) -> list[Row]:
    """One row per value mentioned in a file, those that name a cache at hand first.

    `where` is the line or the setting of the first mention, and of the last where there are several.
    """
    ordered = sorted(report.mentions, key=lambda mention: mention.known_as is None)
    return [
        {
            "file": mention.file,
            "kind": mention.kind,
            "value": mention.value,
            "is": mention.known_as or "",
            "times": mention.times,
            "where": mention.first if mention.first == mention.last else f"{mention.first} ... {mention.last}",
            "text": mention.text,
        }
        for mention in ordered
    ]


def left_out(walk: WalkReport) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a walk did not look into, by reason; nothing is left out in silence."""
    reasons = (
        ("folders or files that could not be opened", walk.unreadable_folders),
        ("links that lead out of the folder or nowhere", walk.links_left_out),
        ("files too large for a cache", walk.too_large),
    )
    return tuple((reason, names) for reason, names in reasons if names)
