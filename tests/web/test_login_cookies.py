"""The exchange of a ticket for a cookie, as a browser asks for it."""

import pytest

from aqboard.store.accounts import Account
from aqboard.web.server.login_cookies import LoginCookies, picture
from aqboard.web.server.logins import Logins, key_of
from tests.web.asgi import Door

ACCOUNT = Account(row=1, name="grace", person="Grace", roles=(), password="$argon2", disabled=False)


def door(logins: Logins) -> Door:
    return Door(lambda app: LoginCookies(app, logins))


def address(ticket: str) -> str:
    return "/" + picture(ticket).split('"')[1]


def test_the_picture_brings_the_cookie_once():
    logins = Logins()
    begun, board = logins.begin(ACCOUNT), door(logins)
    answer = board.ask(address(begun.ticket), sec_fetch_site="same-origin")
    assert (answer.status, answer.body) == (204, "")
    assert answer.headers["cache-control"] == "no-store"
    name, _, cookie = answer.cookie.partition("=")
    assert name == "aqboard-login-8501"
    assert {"HttpOnly", "Path=/", "SameSite=strict"} == set(answer.headers["set-cookie"].split("; ")[1:])
    assert logins.account(key_of(cookie)) == ACCOUNT
    again = board.ask(address(begun.ticket))
    assert again.status == 410
    assert "set-cookie" not in again.headers
    assert board.inside == []


def test_below_a_path_of_its_own_and_over_tls():
    logins = Logins()
    begun = logins.begin(ACCOUNT)
    answer = door(logins).ask("/team" + address(begun.ticket), host="board.example.org", tls=True)
    assert answer.cookie.startswith("aqboard-login=")
    assert "Secure" in answer.headers["set-cookie"].split("; ")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_sites_page_signs_nobody_in_and_spoils_no_ticket(site):
    logins = Logins()
    begun, board = logins.begin(ACCOUNT), door(logins)
    refused = board.ask(address(begun.ticket), sec_fetch_site=site)
    assert refused.status == 410
    assert "set-cookie" not in refused.headers
    assert board.ask(address(begun.ticket)).status == 204


@pytest.mark.parametrize("path", ["/", "/launch", "/kept-login/", "/kept-login/short", "/media/kept-login"])
def test_everything_else_passes(path):
    board = door(Logins())
    assert board.ask(path).body == "the board"
    assert board.ask(address("x" * 43), kind="websocket").body == "websocket.accept"
