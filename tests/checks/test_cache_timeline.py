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
