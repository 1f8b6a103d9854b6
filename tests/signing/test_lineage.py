"""A checkpoint's stamp is held against the attempt that it names, in the database that keeps the sign-offs."""

from pathlib import Path
from typing import Any

import pytest

from aqboard.domain.evidence.checkpoint import CheckpointEvidence
from aqboard.domain.session.events import ProbeOutcome
from aqboard.domain.signing.signoff import Decision, SignOff
from aqboard.signing.lineage import Lineage, lineage
from aqboard.store import Store
from tests import sample_attempts, samples
from tests.signing_samples import add_signoff

SEAL = "5" * 64
STAMP: dict[str, Any] = {
    "attempt": "0" * 32,
    "number": 1,
    "seal": SEAL,
    "inputs": {"checkpoint.path": "s" * 64},
    "step": 1200,
}


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """The lineage of an attempt whose checkpoint carries a stamp, beside an attempt 1 that got a GO."""
    sample_attempts.write_files(tmp_path)
    plan = sample_attempts.sample_plan(tmp_path)
    evidence = next(e for e in sample_attempts.fixed_evidence(plan) if isinstance(e, CheckpointEvidence))

    def of(stamp: dict[str, Any] | None) -> Lineage | None:
        with Store(tmp_path / "board.db", create=True) as store:
            first, second = samples.attempt(), samples.attempt(uid="1" * 32)
            store.add_attempt(first)
            go = SignOff(attempt=first.uid, person="Ada", decision=Decision.GO, seal=SEAL, created_at=samples.WHEN)
            add_signoff(store, go)
            number = store.add_attempt(second)
            stamped = evidence.model_copy(update={"launch": stamp}).model_dump(mode="json")
            store.add_outcome(second.uid, ProbeOutcome(probe="checkpoint", status="measured", evidence=stamped))
            return lineage(store, store.attempt(number))

    return of


def test_no_stamp_no_lineage(told: Any) -> None:
    assert told(None) is None


@pytest.mark.parametrize(
    ("changes", "number", "holds", "says"),
    [
        ({}, 1, True, "Made by attempt 1 under seal 555555555555, step 1200."),
        ({"attempt": "f" * 32}, None, False, "which this database does not hold"),
        ({"seal": "6" * 64}, 1, False, "nobody said GO for that seal"),
        ({"inputs": {"checkpoint.path": "t" * 64}}, 1, False, "other input files"),
        ({"inputs": None}, 1, False, "other input files"),
    ],
)
def test_the_stamp_against_its_attempt(told: Any, changes: Any, number: Any, holds: bool, says: str) -> None:
    found = told({**STAMP, **changes})
    assert (found.number, found.holds) == (number, holds)
    assert says in found.sentence
