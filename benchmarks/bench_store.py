"""The history of a thousand attempts: read as the dashboard reads it, against loading every attempt whole."""

import tempfile
from pathlib import Path

from aqboard.checks.suite import SUITE
from aqboard.domain.finding import Verdict
from aqboard.domain.readiness import Readiness
from aqboard.store import Store
from benchmarks.timing import Row, command, side_by_side
from tests import samples

ATTEMPTS = 1000


def run(quick: bool = False) -> list[Row]:
    """The list of attempts with their readiness; plain reads each attempt with its evidence and findings."""
    checks = tuple(check.id for check in SUITE)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "board.db", create=True) as store:
        for i in range(ATTEMPTS):
            attempt = samples.attempt(checks=checks, uid=f"{i:032d}")
            store.add_attempt(attempt)
            findings = [samples.finding(check, list(Verdict)[(i + j) % 5]) for j, check in enumerate(checks)]
            store.add_findings(attempt.uid, findings)

        def whole() -> list[Readiness]:
            return [store.attempt(number).readiness for number in range(1, ATTEMPTS + 1)]

        def listed() -> list[Readiness]:
            return [row.readiness for row in store.attempts()]

        assert whole() == listed()[::-1], "both ways must say the same"
        timings = side_by_side(whole, listed, repeats=3 if quick else 7)
        return [Row(f"readiness of {ATTEMPTS} attempts x {len(checks)} checks", *timings)]


if __name__ == "__main__":
    command(run, __doc__)
