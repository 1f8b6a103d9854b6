"""Who has signed in with an account, remembered by the server's memory alone: a board that is started again asks again.

A page of Streamlit speaks through a websocket and can set no cookie, so a sign-in would end with every F5. It gets a
ticket instead, which the browser takes to `login_cookies.py` once, for the cookie. See docs/decisions/0140.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from aqboard.store.accounts import Account

LASTS = timedelta(hours=12)
"""A long working day; after it the password is asked for again."""
TICKET_LASTS = timedelta(minutes=1)
BYTES = 32
"""Of a ticket and of a cookie, both random."""


@dataclass(frozen=True)
class Begun:
    """A sign-in as the page that it was typed on gets it."""

    key: str
    ticket: str


@dataclass
class Logins:
    """Sign-ins by key, the SHA-256 of their cookie. May be used from any thread."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _open: dict[str, tuple[Account, datetime]] = field(default_factory=dict)
    _tickets: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, account: Account) -> Begun:
        """Remember that somebody gave the account's password."""
        cookie, ticket = secrets.token_urlsafe(BYTES), secrets.token_urlsafe(BYTES)
        moment = self.now()
        with self._lock:
            self._open = {key: kept for key, kept in self._open.items() if kept[1] > moment}
            self._tickets = {key: kept for key, kept in self._tickets.items() if kept[1] > moment}
            self._open[key_of(cookie)] = (account, moment + LASTS)
            self._tickets[ticket] = (cookie, moment + TICKET_LASTS)
        return Begun(key_of(cookie), ticket)

    def redeem(self, ticket: str) -> str | None:
        """The cookie for a ticket, once; None when it is unknown, used or too old."""
        with self._lock:
            cookie, until = self._tickets.pop(ticket, ("", self.now()))
        return cookie if until > self.now() else None

    def account(self, key: str) -> Account | None:
        """Whose sign-in it is, as the account was then; None when it has ended."""
        with self._lock:
            account, until = self._open.get(key, (None, self.now()))
        return account if until > self.now() else None

    def end(self, key: str) -> None:
        """Sign out, in every tab."""
        with self._lock:
            self._open.pop(key, None)


def key_of(cookie: str) -> str:
    """The key of a sign-in, which is worth nothing to a browser."""
    return sha256(cookie.encode(errors="replace")).hexdigest()


LOGINS = Logins()
"""Those of this server, which its pages and `login_cookies.py` share."""
