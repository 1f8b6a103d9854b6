"""Until when a job may start, to the minute, on nodes whose clocks are not the board's."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aqboard.guard.preflight import CLOCKS_APART, expired
from tests import samples
from tests.guard.manifests import manifest

GIVEN, UNTIL = samples.WHEN, samples.WHEN + timedelta(days=7)
A_SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (GIVEN, ""),
        (UNTIL - A_SECOND, ""),
        (UNTIL + CLOCKS_APART - A_SECOND, ""),
        (UNTIL + CLOCKS_APART, "The approvals expired on"),
        (UNTIL + timedelta(days=400), "The approvals expired on"),
        (GIVEN - CLOCKS_APART, ""),
        (GIVEN - CLOCKS_APART - A_SECOND, "before the GO of"),
        (datetime.fromtimestamp(0, tz=GIVEN.tzinfo), "This node's clock says 1970-01-01 00:00 UTC, before the GO"),
    ],
)
def test_up_to_the_minute(now: datetime, told: str, tmp_path: Path) -> None:
    said = expired(manifest(tmp_path, created_at=GIVEN, until=UNTIL), now)
    assert told in said
    assert bool(said) == bool(told)


@pytest.mark.parametrize("now", [GIVEN - timedelta(days=1), GIVEN + timedelta(days=4000)])
def test_an_older_manifest_never_expires(now: datetime, tmp_path: Path) -> None:
    assert expired(manifest(tmp_path, created_at=GIVEN), now) == ""
