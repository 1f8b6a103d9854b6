"""How this installation identifies people, and what it asks for beyond any plan: `signing.yaml` in the config folder.

Without the file the board is in single-user mode: a typed name is a typed name, and shown as one everywhere.
"""

import hmac
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator

from aqboard.domain.errors import IdentityError
from aqboard.domain.model import Record, first_fault
from aqboard.domain.signing.identity import WAYS, IdentifiedBy, RoleName, folded
from aqboard.domain.signing.policy import Policy
from aqboard.location import config_folder

FILE = "signing.yaml"

Mode = Literal["single-user", "account", "proxy", "oidc"]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,80}$")]

SHORTEST_SECRET = 32
"""Characters; a shorter secret can be guessed."""


class Proxy(Record):
    """The proxy in front of the board, which has identified whoever comes through it.

    A header can be sent by anybody who reaches the port, and on a shared node that is every local user. So the proxy
    also sends a secret that only it and this board can read.
    """

    header: HeaderName = "X-Forwarded-User"
    """Carries the person's name or e-mail; the proxy must overwrite what a browser sends under this name."""
    secret_header: HeaderName = "X-Aqboard-Proxy-Secret"  # noqa: S105 - a header's name
    secret_file: Path
    """Holds the secret, readable by the board alone. An address would prove nothing: see docs/decisions/0093."""

    def secret(self) -> str:
        """The secret; raises IdentityError when it cannot be read, is too short, or others can read it."""
        try:
            if self.secret_file.stat().st_mode & 0o077:
                raise IdentityError(
                    f"{self.secret_file} can be read by others; `chmod 600` it, then change the secret."
                )
            text = self.secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise IdentityError(f"The proxy's secret {self.secret_file} cannot be read: {error}.") from None
        if len(text) < SHORTEST_SECRET:
            raise IdentityError(
                f"{self.secret_file} holds fewer than {SHORTEST_SECRET} characters; use a random secret."
            )
        return text

    def sent(self, secret: str) -> bool:
        """Whether a request with this secret really came through the proxy."""
        return hmac.compare_digest(secret.encode(), self.secret().encode())


class Installation(Record):
    """The file's content. Everything in it is the installation's word, so no plan can weaken it."""

    mode: Mode = "single-user"
    proxy: Proxy | None = None
    roles: dict[str, tuple[RoleName, ...]] = Field(default_factory=dict)
    """Name or e-mail -> roles, for `proxy` and `oidc`; accounts carry their own."""
    policy: Policy | None = None
    """What is asked for at least."""

    @property
    def accepted(self) -> tuple[IdentifiedBy, ...]:
        """The ways of identification that count here."""
        if self.mode == "single-user":
            return WAYS
        return ("account",) if self.mode == "account" else (self.mode, "account")

    def roles_of(self, subject: str) -> tuple[RoleName, ...]:
        """The roles that the file gives to a person."""
        wanted = folded(subject)
        return next((roles for name, roles in self.roles.items() if folded(name) == wanted), ())

    @model_validator(mode="after")
    def _proxy_is_described(self) -> Self:
        if (self.mode == "proxy") != (self.proxy is not None):
            raise ValueError("`proxy:` and `mode: proxy` belong together; write both or neither")
        if self.policy and self.policy.people:
            raise ValueError("`policy.people` is for plans; write `roles:` here, or give accounts roles")
        return self


def settings_file() -> Path:
    """Where the settings lie, whether or not there are any."""
    return config_folder() / FILE


def installation() -> Installation:
    """The settings; raises IdentityError for a file that cannot be read, and never falls back to fewer rules."""
    path = settings_file()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Installation()
    except (OSError, UnicodeDecodeError) as error:
        raise IdentityError(f"{path} cannot be read: {error}.") from None
    try:
        return Installation.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise IdentityError(f"{path} is not YAML: {error}") from None
    except ValidationError as error:
        raise IdentityError(f"{path}: {first_fault(error, 'the file')} See docs/signing.md.") from None
