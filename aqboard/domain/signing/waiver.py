"""Waiver: a named person accepts what a check did not pass, and a second person agrees."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import AwareDatetime, Field, StringConstraints

from aqboard.domain.finding import Finding, Verdict
from aqboard.domain.identity import Statement, same_person
from aqboard.domain.model import Record, digest

NOT_RUN = "not run"
LONGEST_DAYS = 90
"""A risk that is accepted for longer should become a severity in the plan, where everybody reads it."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Waiver(Statement):
    """One check's finding, accepted with reason, risk and expiry. It counts only once a second person confirmed it."""

    uid: str = Field(default_factory=lambda: uuid4().hex)
    check: str
    verdict: Verdict | Literal["not run"]
    """What was accepted. Bound to the finding itself by `finding`."""
    finding: str
    """Digest of the finding that was accepted; another finding needs another waiver."""
    unknown: bool = False
    """Said in so many words: nobody knows whether this is right. Needed where the check gave no verdict."""
    reason: Text
    risk: Text
    """What happens if this is wrong."""
    expires_at: AwareDatetime


class Answer(Statement):
    """What another person says to a waiver. The person who wrote it may take it back with `refused` as well."""

    waiver: str
    """The waiver's uid."""
    answer: Literal["confirmed", "refused"]
    comment: str = Field(default="", max_length=2000)


class WaiverState(StrEnum):
    """PROPOSED: nobody has answered. IN FORCE: a second person confirmed it. The others no longer count."""

    PROPOSED = "proposed"
    IN_FORCE = "in force"
    REFUSED = "refused"
    EXPIRED = "expired"
    VOID = "void"


class WaiverStatus(Record):
    """A waiver, what was said to it, and what it is worth now."""

    waiver: Waiver
    answers: tuple[Answer, ...]
    state: WaiverState
    why: str = ""

    @property
    def confirmed_by(self) -> Answer | None:
        """The last confirmation by a second person."""
        return next(
            (
                answer
                for answer in reversed(self.answers)
                if answer.answer == "confirmed" and not same_person(answer, self.waiver)
            ),
            None,
        )


def finding_digest(check: str, finding: Finding | None) -> str:
    """What a waiver is bound to: the whole finding, or the fact that there is none."""
    return digest(finding.model_dump(mode="json") if finding else {"check": check, "verdict": NOT_RUN})


def says_nothing(verdict: str) -> bool:
    """Whether a check with this verdict has not answered its question."""
    return verdict in (Verdict.ERROR, Verdict.SKIP, NOT_RUN)


def waiver_standings(
    waivers: Iterable[Waiver], answers: Sequence[Answer], findings: Mapping[str, Finding], now: datetime
) -> tuple[WaiverStatus, ...]:
    """Every waiver in the order given. `findings`: the newest, by check."""
    return tuple(
        _standing(waiver, tuple(a for a in answers if a.waiver == waiver.uid), findings.get(waiver.check), now)
        for waiver in waivers
    )


def waived_checks(standings: Iterable[WaiverStatus]) -> frozenset[str]:
    """Ids of the checks whose finding is accepted now."""
    return frozenset(s.waiver.check for s in standings if s.state is WaiverState.IN_FORCE)


def _standing(waiver: Waiver, answers: tuple[Answer, ...], finding: Finding | None, now: datetime) -> WaiverStatus:
    def standing(state: WaiverState, why: str = "") -> WaiverStatus:
        return WaiverStatus(waiver=waiver, answers=answers, state=state, why=why)

    refused = next((a for a in answers if a.answer == "refused"), None)
    if refused:
        return standing(WaiverState.REFUSED, f"{refused.person} refused it.")
    if finding_digest(waiver.check, finding) != waiver.finding:
        return standing(WaiverState.VOID, "The finding is not the one that was accepted.")
    if now >= waiver.expires_at:
        return standing(WaiverState.EXPIRED, "Its time is over; accept the risk anew, or mend the cause.")
    if standing(WaiverState.PROPOSED).confirmed_by is None:
        return standing(WaiverState.PROPOSED, "It counts once a second person confirms it.")
    return standing(WaiverState.IN_FORCE)
