"""Is the plan's cache older than the checkpoint that was trained with it?

A cache made after the checkpoint cannot be the file that the training read, though it may hold the same orders. In
the story the caches were a year younger, and for weeks that was the only clue. Copying a file changes its date, so
dates hint and content proves.
"""

from pathlib import Path

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.domain.cache import CacheFacts
from aqboard.domain.evidence.checkpoint import CheckpointEvidence
from aqboard.domain.evidence.scan import CacheEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, passed, warned
from aqboard.domain.plan import LaunchPlan
from aqboard.domain.words import moment


def judge(plan: LaunchPlan, cache: CacheEvidence, checkpoint: CheckpointEvidence) -> Judgement:
    """WARN when only dates can tell and the plan's cache is younger than the checkpoint."""
    born, planned = checkpoint.summary.mtime, cache.planned
    figures = (
        Measurement(name="checkpoint", value=moment(born), unit="file date"),
        *(_figure(facts, born) for facts in cache.groups.facts),
    )
    if not plan.wind_scan.rule.endswith("-sector"):
        return passed(f"{plan.wind_scan.rule} reads no cache; dates do not matter.", *figures)
    if cache.trained_with:
        known = "its" if planned.digests.content == cache.trained_with else "other"
        return passed(f"The checkpoint names its cache by content, so dates prove nothing: {known} orders.", *figures)
    older = [Path(facts.file.path).name for facts in cache.groups.facts if facts.file.mtime <= born]
    if planned.file.mtime > born:
        candidates = f" Older than the checkpoint: {', '.join(older)}." if older else ""
        return warned(
            f"The plan's cache was written {moment(planned.file.mtime)}, after the checkpoint ({moment(born)}): it is "
            f"not the file that the training read.{candidates}",
            *figures,
            remedy="Compare its content with an older candidate's; look for the training's file in backups and logs "
            "(`aqboard cache find`, `aqboard cache mentions`).",
        )
    return passed(
        f"The plan's cache ({moment(planned.file.mtime)}) is older than the checkpoint ({moment(born)}); copying "
        "changes dates, so this proves nothing.",
        *figures,
    )


def _figure(facts: CacheFacts, born: float) -> Measurement:
    when = "after the checkpoint" if facts.file.mtime > born else "before the checkpoint"
    return Measurement(name=Path(facts.file.path).name, value=moment(facts.file.mtime), unit="file date", limit=when)


CHECK = Check(
    "cache.timeline",
    "Cache older than the checkpoint",
    Stage.CACHE,
    Severity.INFORMS,
    (CacheEvidence, CheckpointEvidence),
    judge,
    where_wind_orders_tokens,
)
