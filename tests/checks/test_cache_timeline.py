from typing import Any

import pytest

from tests.checks.judging import PASS, WARN, Healthy, judge, section

YEAR_S = 365 * 86_400


@pytest.mark.parametrize(
    ("after_s", "trained_with", "rule", "verdict", "said"),
    [
        (-YEAR_S, "", "strip-sector", PASS, "is older than the checkpoint"),
        (YEAR_S, "", "strip-sector", WARN, "it is not the file that the training read"),
        (YEAR_S, "known", "strip-sector", PASS, "dates prove nothing: other orders"),
        (YEAR_S, "", "strip-angle", PASS, "strip-angle reads no cache"),
    ],
)
def test_only_where_nothing_else_tells_dates_do(
    healthy: Healthy, after_s: int, trained_with: str, rule: str, verdict: Any, said: str
) -> None:
    plan, evidence = healthy
    cache: Any = evidence["cache"]
    born = evidence["checkpoint"].summary.mtime  # type: ignore[attr-defined]
    aged = [
        facts.model_copy(update={"file": facts.file.model_copy(update={"mtime": born + moved})})
        for facts, moved in zip(cache.groups.facts, (after_s, -10.0, 10.0), strict=True)
    ]
    changes = {
        "groups": cache.groups.model_copy(update={"facts": tuple(aged)}),
        "planned": aged[0],
        "trained_with": trained_with,
    }
    found = judge("cache.timeline", healthy, changes, **section(plan, "scan", rule=rule))
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary
    if verdict is WARN:
        assert "Older than the checkpoint: same_content.pkl." in found.summary
    assert [figure.limit for figure in found.measurements[2:]] == ["before the checkpoint", "after the checkpoint"]


def aged(healthy: Healthy, after_s: float) -> dict[str, Any]:
    """The plan's only cache, written so many seconds after the checkpoint; nothing says what it was trained with."""
    cache: Any = healthy[1]["cache"]
    born = healthy[1]["checkpoint"].summary.mtime  # type: ignore[attr-defined]
    facts = cache.planned.model_copy(update={"file": cache.planned.file.model_copy(update={"mtime": born + after_s})})
    return {"groups": cache.groups.model_copy(update={"facts": (facts,)}), "planned": facts, "trained_with": ""}


@pytest.mark.parametrize(("after_s", "verdict"), [(0.0, PASS), (1.0, WARN)])
def test_a_cache_written_in_the_same_moment_may_be_the_one(healthy: Healthy, after_s: float, verdict: Any) -> None:
    found = judge("cache.timeline", healthy, aged(healthy, after_s))
    assert found.verdict is verdict
    assert "Older than the checkpoint" not in found.summary, "no other candidate is"
    assert found.measurements[1].limit == ("after the checkpoint" if after_s else "before the checkpoint")


def test_orders_that_the_checkpoint_names_are_known_to_be_its_own(healthy: Healthy) -> None:
    assert judge("cache.timeline", healthy).summary.endswith("dates prove nothing: its orders.")


def test_dates_are_told_to_the_minute(healthy: Healthy) -> None:
    summary = healthy[1]["checkpoint"].summary.model_copy(update={"mtime": 86_400.0 * 365 + 61})  # type: ignore[attr-defined]
    figure = judge("cache.timeline", healthy, {"summary": summary}).measurements[0]
    assert (figure.name, figure.value, figure.unit) == ("checkpoint", "1971-01-01 00:01 UTC", "file date")


def test_a_cache_of_the_same_moment_as_the_checkpoint_is_an_older_candidate(healthy: Healthy) -> None:
    young, same = aged(healthy, 5.0), aged(healthy, 0.0)["planned"]
    groups = young["groups"].model_copy(update={"facts": (young["planned"], same)})
    found = judge("cache.timeline", healthy, young | {"groups": groups})
    assert f"Older than the checkpoint: {same.file.path.rpartition('/')[2]}." in found.summary
