"""Which attempt in this database made a checkpoint, and whether its stamp tells the same as what was signed then."""

from dataclasses import dataclass

from aqboard.domain.evidence import CheckpointEvidence
from aqboard.domain.signing.signoff import Decision
from aqboard.store import Store, StoredAttempt


@dataclass(frozen=True)
class Lineage:
    """Where the checkpoint of an attempt comes from. `number` is None when this database does not know."""

    number: int | None
    holds: bool
    """The attempt is known, its seal got a GO, and it started from the files that the stamp names."""
    sentence: str


def lineage(store: Store, stored: StoredAttempt) -> Lineage | None:
    """Hold the launch stamp of an attempt's checkpoint against the attempt it names; None without a stamp."""
    evidence = stored.evidence(CheckpointEvidence)
    stamp = evidence.launch if evidence else None
    if stamp is None:
        return None
    uid, seal = str(stamp.get("attempt")), str(stamp.get("seal"))
    number = next((row.number for row in store.attempts() if row.uid == uid), None)
    if number is None:
        told = f"The checkpoint names attempt {uid[:12]} as its origin, which this database does not hold."
        return Lineage(None, False, told)
    origin = store.attempt(number)
    if not any(signoff.seal == seal and signoff.decision is Decision.GO for signoff in origin.signoffs):
        told = f"The checkpoint names attempt {number} and seal {seal[:12]}, but nobody said GO for that seal."
        return Lineage(number, False, told)
    named = stamp.get("inputs")
    known = {file.key: file.sha256 for file in origin.attempt.inputs}
    if named != known:
        told = f"The checkpoint names attempt {number}, but other input files than that attempt was signed for."
        return Lineage(number, False, told)
    return Lineage(number, True, f"Made by attempt {number} under seal {seal[:12]}, step {stamp.get('step')}.")
