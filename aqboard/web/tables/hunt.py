"""Where the board may search, and what a search found, as rows."""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path

from aqboard.domain.hunt import CacheHunt, MentionReport, WalkReport
from aqboard.domain.plan import LaunchPlan
from aqboard.web.tables.caches import group_names
from aqboard.web.words import moment, short, size

ROOTS_VARIABLE = "AQBOARD_SEARCH_ROOTS"
"""Folders, separated as in PATH, that the board may search besides those of the plan."""

LOGS = ("*.out", "*.err", "*.log", "*.txt", "*.yaml", "*.yml", "*.ckpt")
"""Files in which a training says which cache it used."""

Row = dict[str, str | int]


def allowed_roots(plan: LaunchPlan | None, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Folders offered for a search: those of the plan's files, and what the person who serves the board allows.

    The board takes no path from a form: whoever reaches it would read names of any file that its owner may see.
    """
    allowed = environment.get(ROOTS_VARIABLE, "").split(os.pathsep)
    files = plan.input_files() if plan else ()
    folders = [*(path.parent for _, path in files), *(Path(root) for root in allowed if root)]
    return tuple(dict.fromkeys(str(folder) for folder in folders if folder.is_dir()))


def at_midnight(day: date | None) -> float | None:
    """The start of a day, UTC, in seconds since 1970; None stays None."""
    return None if day is None else datetime.combine(day, time(), UTC).timestamp()


def cache_rows(found: CacheHunt) -> list[Row]:
    """One row per cache found: first those that match, then by date, newest first."""
    facts = found.groups.facts
    contents = group_names([group.content for group in found.groups.groups])
    matching = set(found.matching)
    ordered = sorted(facts, key=lambda fact: (fact.digests.content not in matching, -fact.file.mtime))
    return [
        {
            "file": fact.file.path,
            "content group": f"{contents[fact.digests.content]} ({short(fact.digests.content)})",
            "the training's": _matches(found.checkpoint.content if found.checkpoint else None, fact.digests.content),
            "the plan's": _matches(found.like.content if found.like else None, fact.digests.content),
            "generator's": "✅ yes" if fact.equals_generator else "no",
            "last changed": moment(datetime.fromtimestamp(fact.file.mtime, UTC)),
            "beside the checkpoint": _beside(fact.file.mtime, found.checkpoint.when if found.checkpoint else None),
            "size": size(fact.file.size),
            "MD5": fact.file.md5,
        }
        for fact in ordered
    ]


def _matches(wanted: str | None, content: str) -> str:
    if wanted is None:
        return "not known"
    return "✅ yes" if wanted == content else "no"


def _beside(when: float, checkpoint: float | None) -> str:
    """How long before or after the checkpoint a cache was last changed; a later one cannot have trained it."""
    if checkpoint is None:
        return ""
    days = (when - checkpoint) / 86_400
    return f"{abs(days):.1f} days {'after' if days > 0 else 'before'}"


def mention_rows(report: MentionReport) -> list[Row]:
    """One row per value mentioned in a file, those that name a cache at hand first."""
    ordered = sorted(report.mentions, key=lambda mention: mention.known_as is None)
    return [
        {
            "file": mention.file,
            "kind": mention.kind,
            "value": mention.value,
            "is": mention.known_as or "",
            "times": mention.times,
            "first": mention.first,
            "text": mention.text,
        }
        for mention in ordered
    ]


def left_out(walk: WalkReport) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a walk did not look into, by reason; nothing is left out in silence."""
    reasons = (
        ("folders or files that could not be opened", walk.unreadable_folders),
        ("links that lead out of the folder", walk.links_left_out),
        ("files too large for a cache", walk.too_large),
    )
    return tuple((reason, names) for reason, names in reasons if names)
