"""Sign-off: a named person's GO or NO-GO, bound to the seal of everything it was given for."""

import hashlib
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from aqboard.domain.attempt import Attempt
from aqboard.domain.finding import Finding
from aqboard.domain.model import Record
from aqboard.domain.plan import Name


class Decision(StrEnum):
    """What a person said."""

    GO = "GO"
    NO_GO = "NO-GO"


class SignOff(Record):
    """One decision. It is worth what the identification of the person is worth, so that is recorded with it."""

    attempt: str
    """The attempt's uid."""
    person: Name
    decision: Decision
    comment: str = Field(default="", max_length=4000)
    identified_by: Literal["none"] = "none"
    """`none`: the name was typed in, nobody verified it."""
    seal: str
    created_at: AwareDatetime


def seal(attempt: Attempt, findings: Iterable[Finding], script: str) -> str:
    """SHA-256 over the plan, the input digests, the findings and the rendered script, as canonical JSON.

    Anything that changes any of them changes the seal, and so voids every sign-off given before.
    Paths and times of the input files are left out: the content is what was signed.
    """
    sealed = {
        "attempt": attempt.uid,
        "plan": attempt.plan.model_dump(mode="json"),
        "plan_text": attempt.plan_text,
        "inputs": [(file.key, file.sha256) for file in attempt.inputs],
        "findings": sorted((finding.model_dump(mode="json") for finding in findings), key=lambda f: str(f["check"])),
        "script": script,
    }
    text = json.dumps(sealed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
