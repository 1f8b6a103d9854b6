"""Local accounts: made on the command line by whoever runs the installation, used in the board and on both."""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import ValidationError

from aqboard.domain.errors import IdentityError
from aqboard.domain.model import first_fault
from aqboard.domain.signing.identity import ANY, Identity
from aqboard.store import Store
from aqboard.store.accounts import Account, accounts, add_account_row, add_refused_login, refused_logins

ROLE = re.compile(r"[a-z][a-z0-9-]{0,39}")
NAME = re.compile(r"[a-z][a-z0-9._-]{0,39}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200

WINDOW = timedelta(minutes=15)
MOST_REFUSED = 5
"""Wrong passwords for one account within the window, before it must wait."""
MOST_REFUSED_IN_ALL = 50
"""Wrong passwords for any account, so that many names cannot be tried either."""

_HASHER = PasswordHasher()  # argon2id with the parameters of RFC 9106, second recommended option
_NOBODY = _HASHER.hash("a password that nobody has, so that an unknown name takes as long as a known one")


def add(store: Store, name: str, *, person: str, roles: Collection[str], password: str) -> None:
    """Make a new account; raises IdentityError as `possible` does, and for a password that is not allowed."""
    known = possible(store, name, person=person, roles=roles)
    _store(store, known, password=_hashed(password), disabled=False, action="account added")


def possible(store: Store, name: str, *, person: str, roles: Collection[str]) -> Identity:
    """The person that a new account would be for; raises IdentityError when the name is taken or not allowed."""
    if not NAME.fullmatch(name):
        raise IdentityError(f"{name!r} is no account name: write a small letter, then letters, digits, `.`, `_`, `-`.")
    if any(account.name == name for account in accounts(store.db)):
        raise IdentityError(
            f"There is an account {name} already; `aqboard account passwd {name}` changes its password."
        )
    if wrong := next((role for role in roles if not ROLE.fullmatch(role)), None):
        raise IdentityError(f"{wrong!r} is no role: write a small letter, then small letters, digits and `-`.")
    try:
        known = Identity(person=person, subject=name, identified_by="account", roles=tuple(roles))
    except ValidationError as error:
        raise IdentityError(f"{person!r} is no name of a person. {first_fault(error)}") from None
    if ANY in roles:
        raise IdentityError(f"Everybody has the role {ANY}; leave it out.")
    alike = next((a for a in accounts(store.db) if known.names & a.identity.names), None)
    if alike:
        raise IdentityError(
            f"{person!r} goes by a name of the account {alike.name} ({alike.person}); two people need two names."
        )
    return known


def change_password(store: Store, name: str, password: str) -> None:
    """Give an account another password and let it log in; every login with the old one ends."""
    account = existing(store, name)
    _store(store, account.identity, password=_hashed(password), disabled=False, action="account password changed")


def disable(store: Store, name: str) -> None:
    """Let nobody log in to the account any more. What it signed stays signed."""
    account = existing(store, name)
    if account.disabled:
        raise IdentityError(f"The account {name} is disabled already.")
    _store(store, account.identity, password=account.password, disabled=True, action="account disabled")


def log_in(store: Store, name: str, password: str, now: datetime | None = None) -> Account:
    """The account, if this is its password; raises IdentityError if not, or after too many wrong ones.

    Unknown, disabled and wrong sound the same, and take as long.
    """
    moment = now or datetime.now(UTC)
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise IdentityError("Not signed in: this is no account name.")
    for whose, most in ((name, MOST_REFUSED), (None, MOST_REFUSED_IN_ALL)):
        refused = refused_logins(store.db, WINDOW, moment, whose)
        if len(refused) >= most:
            wait = refused[-most] + WINDOW - moment
            raise IdentityError(f"Not signed in: too many wrong passwords. Try again in {_minutes(wait)}.")
    account = next((a for a in accounts(store.db) if a.name == name and not a.disabled), None)
    if not _fits(account.password if account else _NOBODY, password) or account is None:
        add_refused_login(store, name, moment)
        raise IdentityError("Not signed in: there is no such account, or the password is wrong.")
    return account


def still_valid(store: Store, account: Account) -> bool:
    """Whether a login is still worth something: the account has not been changed or disabled since."""
    return any(now.row == account.row and not now.disabled for now in accounts(store.db))


def existing(store: Store, name: str) -> Account:
    """The account of that name, disabled or not; raises IdentityError when there is none."""
    account = next((a for a in accounts(store.db) if a.name == name), None)
    if account is None:
        raise IdentityError(f"There is no account {name}; `aqboard account list` shows those there are.")
    return account


def _store(store: Store, who: Identity, *, password: str, disabled: bool, action: str) -> None:
    add_account_row(
        store, who.subject, person=who.person, roles=who.roles, password=password, disabled=disabled, action=action
    )


def _hashed(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise IdentityError(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; nothing was changed."
        )
    return _HASHER.hash(password)


def _fits(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password[: LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False


def _minutes(wait: timedelta) -> str:
    minutes = max(1, round(wait.total_seconds() / 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"
