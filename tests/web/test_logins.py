"""Sign-ins as the server remembers them: a ticket is good once, and what has ended is nobody's."""

from datetime import UTC, datetime, timedelta

import pytest

from aqboard.store.accounts import Account
from aqboard.web.server.logins import LASTS, TICKET_LASTS, Logins, key_of

ACCOUNT = Account(row=1, name="grace", person="Grace", roles=(), password="$argon2", disabled=False)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logins(clock: Clock) -> Logins:
    return Logins(clock)


def test_a_ticket_is_exchanged_once_for_a_cookie_that_leads_to_the_same_sign_in(logins):
    begun = logins.begin(ACCOUNT)
    cookie = logins.redeem(begun.ticket)
    assert cookie is not None
    assert key_of(cookie) == begun.key
    assert logins.account(key_of(cookie)) == ACCOUNT
    assert logins.redeem(begun.ticket) is None
    assert len({begun.key, begun.ticket, cookie}) == 3, "no one of them can stand for another"
    assert logins.account(cookie) is None
    assert logins.account(begun.ticket) is None


def test_nobody_is_signed_in_by_nothing(logins):
    logins.begin(ACCOUNT)
    assert logins.account("") is None
    assert logins.account(key_of("")) is None
    assert logins.redeem("") is None


def test_a_ticket_ends_after_a_minute_and_the_sign_in_goes_on(logins, clock):
    begun = logins.begin(ACCOUNT)
    clock.now += TICKET_LASTS
    assert logins.redeem(begun.ticket) is None
    assert logins.account(begun.key) == ACCOUNT


def test_a_sign_in_ends_by_itself_and_is_forgotten(logins, clock):
    begun = logins.begin(ACCOUNT)
    clock.now += LASTS - timedelta(seconds=1)
    assert logins.account(begun.key) == ACCOUNT
    clock.now += timedelta(seconds=1)
    assert logins.account(begun.key) is None
    later = logins.begin(ACCOUNT)
    assert list(logins._open) == [later.key]
    assert list(logins._tickets) == [later.ticket]


def test_signing_out_ends_one_sign_in_and_no_other(logins):
    one, other = logins.begin(ACCOUNT), logins.begin(ACCOUNT)
    logins.end(one.key)
    logins.end("unknown")
    assert logins.account(one.key) is None
    assert logins.account(other.key) == ACCOUNT
