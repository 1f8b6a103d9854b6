"""Is the plan's cache the one that the checkpoint was trained with?

An MD5 cannot tell: two files with the same orders have different MD5s when their keys were written in another order.
The content digest in the checkpoint's provenance can.
"""

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.domain.evidence.scan import CacheEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, warned
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, cache: CacheEvidence) -> Judgement:
    """PASS when the content digests agree, WARN when the checkpoint does not say which cache it was trained with."""
    planned = cache.planned
    figures = (
        Measurement(name="content digest of the plan's cache", value=planned.digests.content),
        Measurement(name="trained with", value=cache.trained_with or "not recorded"),
        Measurement(name="MD5 of the plan's cache", value=planned.file.md5),
    )
    if not plan.wind_scan.rule.endswith("-sector"):
        return passed(f"{plan.wind_scan.rule} reads no cache; which one lies there does not matter.", *figures)
    if not cache.trained_with:
        return warned(
            "The checkpoint does not say which cache it was trained with.",
            *figures,
            remedy="Search logs and backups for it (`aqboard cache find`); compare candidates by content below. "
            "Add the Provenance callback to the training, so that the next checkpoint says it.",
        )
    if planned.digests.content == cache.trained_with:
        return passed("The plan's cache holds the very orders that the checkpoint was trained with.", *figures)
    twin = next((facts for facts in cache.groups.facts if facts.digests.content == cache.trained_with), None)
    remedy = (
        f"Set scan.cache to {twin.file.path}: it holds the orders of the training."
        if twin
        else "None of the candidates holds the orders of the training; search for that file (`aqboard cache find`)."
    )
    return failed("The plan's cache holds other orders than the one of the training.", *figures, remedy=remedy)


CHECK = Check(
    "cache.trained_with",
    "Cache is the one of the training",
    Stage.CACHE,
    Severity.BLOCKS,
    (CacheEvidence,),
    judge,
    where_wind_orders_tokens,
)
