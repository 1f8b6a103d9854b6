"""Who said something, and how anybody knows."""

import unicodedata
from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, Field, StringConstraints

from aqboard.domain.model import Name, Record

IdentifiedBy = Literal["none", "os-user", "account", "proxy", "oidc"]
WAYS: tuple[IdentifiedBy, ...] = get_args(IdentifiedBy)

WORTH: dict[IdentifiedBy, str] = {
    "none": "the name was typed in, nobody verified it",
    "os-user": "the login name on the machine, as its operating system gave it",
    "account": "a local account of this board, by its password",
    "proxy": "the name that the trusted proxy in front of the board sent",
    "oidc": "the team's identity provider, by OpenID Connect",
}
"""What each way of identification is worth, in words."""

RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
ANY = "any"
"""The role that everybody holds."""


class Identity(Record):
    """A person as far as they are known. A decision is worth what this is worth, so it is recorded with it."""

    person: Name
    """The name as people read it."""
    subject: str = Field(default="", max_length=320, pattern=r"^[^\x00-\x1f]*$")
    """What the way of identification knows them by: login or account name, or e-mail; empty for a typed name."""
    identified_by: IdentifiedBy = "none"
    roles: tuple[RoleName, ...] = ()

    def holds(self, role: str) -> bool:
        """Whether the person has the role; everybody has `any`."""
        return role == ANY or role in self.roles

    @property
    def label(self) -> str:
        """The person as the audit log writes them: the name, and what they are known by where that differs."""
        return f"{self.person} ({self.subject})" if self.subject not in ("", self.person) else self.person

    @property
    def names(self) -> frozenset[str]:
        """The names the person goes by, folded for comparison."""
        return frozenset(folded(name) for name in (self.person, self.subject) if name)


class Statement(Identity):
    """What an identified person said about an attempt, and when."""

    attempt: str
    """The attempt's uid."""
    created_at: AwareDatetime


def folded(name: str) -> str:
    """`name` without what does not tell people apart: case, width of characters, and repeated spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def same_person(one: Identity, other: Identity) -> bool:
    """Whether both are one person, as far as can be told.

    Two subjects of the same kind decide. Otherwise a name in common makes them one: better to ask a second
    person too often than to count one person twice.
    """
    if one.identified_by == other.identified_by and one.subject and other.subject:
        return folded(one.subject) == folded(other.subject)
    return bool(one.names & other.names)
