"""Who is it? From a typed name, a login on the machine, a proxy's header, an identity provider's claims."""

from collections.abc import Mapping

from pydantic import ValidationError

from aqboard.domain.errors import IdentityError
from aqboard.domain.model import first_fault
from aqboard.domain.signing.identity import Identity, folded
from aqboard.domain.signing.policy import Policy
from aqboard.signing.installation import Installation, Proxy


def typed(name: str) -> Identity:
    """A name that somebody typed; raises IdentityError when it is no name."""
    return _identity(person=name, identified_by="none")


def somebody(person: Identity | str) -> Identity:
    """The person as they were identified, or the one that a typed name names; raises IdentityError as `typed` does."""
    return typed(person) if isinstance(person, str) else person


def from_proxy(headers: Mapping[str, str], here: Installation) -> Identity:
    """Whom the trusted proxy names; raises IdentityError for a request that did not come through it."""
    proxy = here.proxy
    if proxy is None:
        raise IdentityError("This installation knows no proxy, so no header says who somebody is.")
    told = {name.lower(): value for name, value in headers.items()}
    if not proxy.sent(told.get(proxy.secret_header.lower(), "")):
        raise IdentityError(_not_through(proxy))
    subject = told.get(proxy.header.lower(), "").strip()
    if not subject:
        raise IdentityError(f"The proxy sent no {proxy.header}, so nobody is signed in. Sign in at the proxy.")
    return _identity(person=subject, subject=subject, identified_by="proxy", roles=here.roles_of(subject))


def from_claims(claims: Mapping[str, object], here: Installation) -> Identity:
    """Whom the identity provider names. An e-mail that it has not verified is not taken for a name."""
    email, name, subject = (str(claims.get(key) or "") for key in ("email", "name", "sub"))
    if email and claims.get("email_verified") not in (True, "true"):
        email = ""
    known = email or subject
    if not known:
        raise IdentityError("The identity provider named nobody: neither a verified e-mail nor a subject.")
    person = f"{name} ({known})" if name else known
    return _identity(person=person[:120], subject=known, identified_by="oidc", roles=here.roles_of(known))


def with_roles(person: Identity, policy: Policy, here: Installation) -> Identity:
    """The person with the roles that the plan names, where the installation names none itself (single-user)."""
    if here.mode != "single-user":
        return person
    named = {role for name, roles in policy.people.items() if folded(name) in person.names for role in roles}
    return person.model_copy(update={"roles": tuple(sorted({*person.roles, *named}))})


def _identity(**fields: object) -> Identity:
    try:
        return Identity.model_validate(fields)
    except ValidationError as error:
        raise IdentityError(f"The name of the person is not one. {first_fault(error)}") from None


def _not_through(proxy: Proxy) -> str:
    return (
        f"This request did not come through the trusted proxy, so its {proxy.header} counts for nothing. "
        "Open the board at the proxy's address."
    )
