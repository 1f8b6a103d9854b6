"""Which candidate caches hold the same orders, whatever their MD5?

The story's two caches had two MD5s and one content; weeks were spent on a difference that was none.
"""

from pathlib import Path

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.checks.words import some
from aqboard.domain.evidence.scan import CacheEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, passed, skipped, warned
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, cache: CacheEvidence) -> Judgement:
    """PASS when all candidates agree in content, WARN when some differ or cannot be read."""
    facts, groups = cache.groups.facts, cache.groups.groups
    md5s = len({fact.file.md5 for fact in facts})
    figures = (
        Measurement(name="caches read", value=len(facts)),
        Measurement(name="different MD5s", value=md5s),
        Measurement(name="different contents", value=len(groups)),
    )
    if cache.groups.unreadable:
        broken = [f"{Path(file.path).name} ({file.message})" for file in cache.groups.unreadable]
        return warned(
            f"{len(broken)} candidates cannot be read: {some(broken)}",
            *figures,
            remedy="Remove them from scan.candidates, or find out what damaged them.",
        )
    if len(facts) < 2:
        return skipped("The plan names one cache only; there is nothing to compare it with.")
    if len(groups) == 1:
        return passed(f"{len(facts)} caches, {md5s} MD5s, one content: a model cannot tell them apart.", *figures)
    others = [Path(p).name for g in groups if g.content != cache.planned.digests.content for p in g.paths]
    return warned(
        f"{len(facts)} caches, {md5s} MD5s, {len(groups)} contents. Other orders than the plan's: {some(others)}.",
        *figures,
        remedy="See the cache page for what differs; keep only the one the checkpoint was trained with.",
    )


CHECK = Check(
    "cache.content",
    "Candidates compared by content",
    Stage.CACHE,
    Severity.WARNS,
    (CacheEvidence,),
    judge,
    where_wind_orders_tokens,
)
