"""Sign-off: a named person's GO or NO-GO, bound to the seal of everything it was given for."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from aqboard.domain.attempt import Attempt
from aqboard.domain.finding import Finding
from aqboard.domain.identity import Statement
from aqboard.domain.model import Record, digest
from aqboard.domain.plan.policy import Policy
from aqboard.domain.signing.waiver import WaiverState, WaiverStatus

PARTS = {
    "plan": "the plan",
    "inputs": "the input files",
    "attempt": "the attempt's own record",
    "findings": "the findings",
    "waivers": "the waivers in force",
    "policy": "the policy",
    "script": "the script",
}
"""What a seal covers, in words."""


class Decision(StrEnum):
    """What a person said."""

    GO = "GO"
    NO_GO = "NO-GO"


class SignOff(Statement):
    """One decision. It is worth what the identification of the person is worth, so that is recorded with it."""

    decision: Decision
    comment: str = Field(default="", max_length=4000)
    seal: str
    parts: dict[str, str] = Field(default_factory=dict)
    """The digests that the seal is made of, so that a void sign-off can say what has changed."""


class Seal(Record):
    """SHA-256 over everything a decision rests on. `parts` has one digest for each of `PARTS`."""

    parts: dict[str, str]

    @property
    def digest(self) -> str:
        """The seal itself: the digest of the parts' digests."""
        return digest(self.parts)

    def changed_since(self, signoff: SignOff) -> tuple[str, ...]:
        """In words, the parts that are not what was signed; empty when the seal is the same."""
        if signoff.seal == self.digest:
            return ()
        told = tuple(words for part, words in PARTS.items() if signoff.parts.get(part) != self.parts[part])
        return told or ("something",)


def seal(
    attempt: Attempt,
    findings: Iterable[Finding],
    script: str,
    *,
    policy: Policy,
    waivers: Iterable[WaiverStatus] = (),
) -> Seal:
    """The seal over plan, input files, findings, waivers in force, policy and rendered script, as canonical JSON.

    Anything that changes any of them changes the seal, and so voids every sign-off given before. Only the input
    files' times are left out: a file that was touched and holds the same is the same.
    """
    record = attempt.model_dump(mode="json", exclude={"inputs": {"__all__": {"mtime"}}})
    plan = {key: record.pop(key) for key in ("plan", "plan_text")}
    inputs = record.pop("inputs")
    in_force = [standing for standing in waivers if standing.state is WaiverState.IN_FORCE]
    parts = {
        "plan": plan,
        "inputs": inputs,
        "attempt": record,
        "findings": sorted((f.model_dump(mode="json") for f in findings), key=lambda f: str(f["check"])),
        "waivers": sorted((s.model_dump(mode="json") for s in in_force), key=lambda s: str(s["waiver"]["uid"])),
        "policy": policy.model_dump(mode="json"),
        "script": script,
    }
    return Seal(parts={name: digest(part) for name, part in parts.items()})
