"""A small soak in every run of the tests; the large one, with its figures, is told in docs/sessions.md."""

from pathlib import Path

import pytest

from tests.soak.soak import soak


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    report = soak(tmp_path, sessions_wanted=10, ingesters_wanted=2, seed=3)
    assert report.faults == [], str(report)
    assert sum(report.states.values()) == 10
