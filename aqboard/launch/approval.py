"""Who said GO: what a script must carry to be one that runs."""

from datetime import datetime
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from aqboard.domain.errors import LaunchError
from aqboard.domain.model import Record
from aqboard.domain.signing.signoff import Decision, SignOff
from aqboard.domain.signing.waiver import WaiverStatus


class Approval(Record):
    """One GO or several, all for the same seal of the same attempt. Anything else cannot be an Approval."""

    signoffs: tuple[SignOff, ...] = Field(min_length=1)
    waivers: tuple[WaiverStatus, ...] = ()
    """Those in force, which everybody above has signed with the rest."""
    audit: str = ""
    """Number and hash of the audit log's newest entry: a copy outside the database."""
    until: AwareDatetime | None = None
    """From then on the sign-offs do not suffice: a GO, the evidence or a waiver has expired."""

    @property
    def attempt(self) -> str:
        """The uid of the attempt that was approved."""
        return self.signoffs[0].attempt

    @property
    def seal(self) -> str:
        """The seal that every GO was given for."""
        return self.signoffs[0].seal

    @classmethod
    def of(
        cls,
        *signoffs: SignOff,
        waivers: tuple[WaiverStatus, ...] = (),
        audit: str = "",
        until: datetime | None = None,
    ) -> Self:
        """The approval that these sign-offs make together; raises LaunchError when they make none."""
        if not signoffs:
            raise LaunchError("Nobody has said GO; a script needs at least one sign-off.")
        for signoff in signoffs:
            if signoff.decision is not Decision.GO:
                raise LaunchError(f"{signoff.person} said {signoff.decision}; a script can only carry a GO.")
        if len({(signoff.attempt, signoff.seal) for signoff in signoffs}) > 1:
            raise LaunchError("The sign-offs were given for different seals; each person must sign what is current.")
        return cls(signoffs=signoffs, waivers=waivers, audit=audit, until=until)

    @model_validator(mode="after")
    def _all_go_for_one_seal(self) -> Self:
        if any(signoff.decision is not Decision.GO for signoff in self.signoffs):
            raise ValueError("an approval holds GO only")
        if len({(signoff.attempt, signoff.seal) for signoff in self.signoffs}) > 1:
            raise ValueError("an approval is for one seal")
        return self
