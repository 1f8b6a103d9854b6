"""What the store gives back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import AwareDatetime

from aqboard.domain.attempt import Attempt
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.finding import Finding
from aqboard.domain.identity import Identity
from aqboard.domain.model import Record
from aqboard.domain.readiness import Readiness
from aqboard.domain.session.events import ProbeOutcome
from aqboard.domain.signing.signoff import SignOff
from aqboard.domain.signing.waiver import WaiverStatus

E = TypeVar("E", bound=Evidence)


class AttemptRow(Record):
    """One line of the history."""

    number: int
    uid: str
    name: str
    author: str
    created_at: AwareDatetime
    gpus: int
    readiness: Readiness
    verdicts: dict[str, str]
    """Check id to verdict."""
    decision: str = ""
    """The last sign-off's decision and person, or empty."""


class StoredScript(Record):
    """A script that was written after a GO."""

    seal: str
    path: str
    text: str
    recorded_at: AwareDatetime


class Released(Record):
    """What a decision let out, and the names of the files that it took back."""

    script: StoredScript | None = None
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredAttempt:
    """One attempt with everything recorded for it, and what its waivers are worth at the moment it was read."""

    number: int
    attempt: Attempt
    readiness: Readiness
    findings: tuple[Finding, ...]
    outcomes: Mapping[str, ProbeOutcome]
    signoffs: tuple[SignOff, ...]
    scripts: tuple[StoredScript, ...]
    waivers: tuple[WaiverStatus, ...]
    """Oldest first."""
    people: tuple[Identity, ...]
    """Everybody who has an account here and may log in."""
    added_by: str
    """Who stored it, as the audit log says."""
    version: tuple[int, ...]
    """Changes with everything that is recorded for the attempt."""

    def evidence(self, kind: type[E]) -> E | None:
        """The evidence of one kind, or None when its probe brought none."""
        outcome = self.outcomes.get(kind.kind)
        if outcome is None or outcome.evidence is None:
            return None
        return kind.model_validate(outcome.evidence)
