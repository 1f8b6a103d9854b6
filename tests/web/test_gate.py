"""The gate in front of the server, as the server speaks to it: what passes, what is asked for, what is given away."""

import asyncio
import re
from urllib.parse import urlencode

import pytest

from aqboard.web.server import gate as gate_module
from aqboard.web.server.gate import MOST_WAITING, Gate
from tests.web.asgi import HOST, Answer, run
from tests.web.asgi import Door as AnyDoor

TOKEN = "a-token-of-the-right-length-0123456789"
FORM = b"application/x-www-form-urlencoded"


class Door(AnyDoor):
    """A gate, and the way to get its cookie."""

    def __init__(self) -> None:
        super().__init__(lambda app: Gate(app, TOKEN))

    def cookie(self, host: str = HOST) -> str:
        return self.ask("/", f"token={TOKEN}", host=host).cookie


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setattr(gate_module, "WRONG_WAITS_S", 0.0)
    return Door()


@pytest.mark.parametrize(
    "path", ["/", "/launch", "/media/1f.sh", "/_stcore/metrics", "/static/js/index.js", "//health"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"])
def test_nothing_is_given_without_the_token(path: str, method: str, door: Door) -> None:
    answer = door.ask(path, method=method)
    assert answer.status == 401
    assert "asks for its access token" in answer.body
    assert door.inside == []


def test_the_page_names_nothing_and_runs_nothing(door: Door) -> None:
    answer = door.ask()
    assert TOKEN not in answer.body
    assert not re.search(r"<script|src=|href=|https?://", answer.body)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_the_link_lets_in_and_takes_the_token_out_of_the_address(door: Door) -> None:
    answer = door.ask("/launch", f"attempt=3&token={TOKEN}&x=%26")
    assert (answer.status, answer.headers["location"]) == (303, "/launch?attempt=3&x=%26")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))
    assert TOKEN not in answer.headers["set-cookie"], "the browser's files do not hold the token"
    assert door.ask("/launch", "attempt=3", cookie=answer.cookie).body == "the board"
    assert door.ask("/media/1f.sh", cookie=f"other=1; {answer.cookie}").body == "the board"
    assert door.ask("/_stcore/stream", kind="websocket", cookie=answer.cookie).body == "websocket.accept"
    assert door.inside == ["/launch", "/media/1f.sh", "/_stcore/stream"]


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "/\t//evil.example", "/a b\r\nset-cookie: x"])
def test_the_way_in_leads_to_no_other_server(path: str, door: Door) -> None:
    where = door.ask(path, f"token={TOKEN}").headers["location"]
    assert re.fullmatch(r"/([^/\\\s][^\\\s]*)?", where)


@pytest.mark.parametrize("typed", [TOKEN, f"  {TOKEN}\n", f"http://127.0.0.1:8501/?token={TOKEN}"])
def test_the_token_may_be_typed_or_the_link_pasted(typed: str, door: Door) -> None:
    body = urlencode({"token": typed}).encode()
    answer = door.ask("/history", "token=an-old-one&attempt=2", method="POST", body=body)
    assert answer.status == 401, "the address is asked first"
    answer = door.ask("/history", "attempt=2", method="POST", body=body)
    assert (answer.status, answer.headers["location"]) == (303, "/history?attempt=2")


@pytest.mark.parametrize("wrong", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\udc80é\0", "x" * 3000])
def test_a_wrong_token_is_told_so_in_link_and_form(wrong: str, door: Door) -> None:
    query = urlencode({"token": wrong}, errors="replace")
    for answer in (door.ask("/", query), door.ask("/", method="POST", body=query.encode())):
        assert answer.status == 401
        assert "set-cookie" not in answer.headers
    assert door.inside == []


def test_a_huge_form_is_not_read(door: Door) -> None:
    assert door.ask("/", method="POST", body=b"token=" + b"x" * 100_000).status == 401


def test_an_old_link_opens_where_somebody_is_in_already(door: Door) -> None:
    answer = door.ask("/launch", "attempt=3&token=of-yesterday", cookie=door.cookie())
    assert (answer.status, answer.headers["location"]) == (303, "/launch?attempt=3")


def test_two_boards_behind_two_tunnels_do_not_sign_each_other_out(door: Door) -> None:
    names = {door.cookie(host).split("=")[0] for host in (HOST, "127.0.0.1:9000", "board.example.org", "x:99999999")}
    assert names == {"aqboard-8501", "aqboard-9000", "aqboard"}


@pytest.mark.parametrize(
    ("origin", "body"),
    [
        (f"http://{HOST}", "websocket.accept"),
        ("http://127.0.0.1:9999", "websocket.close"),
        ("https://evil.example", "websocket.close"),
        ("null", "websocket.close"),
    ],
)
def test_a_page_of_another_port_cannot_use_the_cookie(origin: str, body: str, door: Door) -> None:
    answer = door.ask("/_stcore/stream", kind="websocket", cookie=door.cookie(), origin=origin)
    assert answer.body == body


def test_no_websocket_without_the_cookie_not_even_with_the_token_in_its_address(door: Door) -> None:
    assert door.ask("/_stcore/stream", f"token={TOKEN}", kind="websocket").body == "websocket.close"
    assert door.ask("/_stcore/health", kind="websocket", cookie="aqboard-8501=x").body == "websocket.close"
    assert door.inside == []


@pytest.mark.parametrize("host", ["x/_stcore/health?", "x/_stcore/health#", "", "[::1", "a:b:c"])
def test_a_host_header_opens_nothing(host: str, door: Door) -> None:
    assert door.ask("/launch", host=host).status == 401
    assert door.ask("/_stcore/stream", kind="websocket", host=host).body == "websocket.close"
    assert door.inside == []


def test_a_proxy_may_carry_the_token(door: Door) -> None:
    assert door.ask("/launch", authorization=f"Bearer {TOKEN}").body == "the board"
    assert door.ask("/launch", authorization="Bearer x").status == 401
    assert door.ask("/launch", authorization=f"Basic {TOKEN}").status == 401


def test_health_and_lifespan_pass(door: Door) -> None:
    assert door.ask("/_stcore/health").status == 200
    door.ask(kind="lifespan")
    assert len(door.inside) == 2


def test_many_guesses_at_once_are_turned_away_before_they_are_compared() -> None:
    door = Door()

    async def attack() -> list[Answer]:
        guesses = [asyncio.create_task(door.send("/", f"token=guess-{i}")) for i in range(MOST_WAITING)]
        await asyncio.sleep(0)
        late = [await door.send("/", f"token={given}") for given in ("another", TOKEN)]
        for guess in guesses:
            guess.cancel()
        await asyncio.gather(*guesses, return_exceptions=True)
        return [*late, await door.send("/", f"token={TOKEN}")]

    *late, after = run(attack())
    assert [answer.status for answer in late] == [429, 429], "the right one and the wrong one look the same"
    assert after.status == 303, "those who gave up are not counted any more"


@pytest.mark.parametrize("token", ["", "short", "x" * 31])
def test_a_token_that_can_be_guessed_makes_no_gate(token: str) -> None:
    with pytest.raises(ValueError, match="aqboard serve"):
        Gate(lambda *_: None, token)  # type: ignore[arg-type, return-value]
