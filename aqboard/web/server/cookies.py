"""The board's cookies: how each is called, and what they have in common when they are given."""

import re
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response


def cookie_name(host: str, what: str = "") -> str:
    """One for each port that the browser sees: cookies do not tell ports apart, and tunnels lead to several boards.

    `host`: the Host header of the request; `what`: which of the board's cookies, its first when empty.
    """
    port = re.search(r":(\d{1,5})$", host)
    return "-".join(filter(None, ("aqboard", what, port[1] if port else "")))


def host_of(asked: HTTPConnection) -> str:
    """The Host header as the browser sent it; empty without one."""
    return asked.headers.get("host", "")


def give(
    response: Response, asked: HTTPConnection, value: str, *, what: str = "", samesite: Literal["lax", "strict"]
) -> None:
    """Put a cookie into the answer that no script reads, and that ends with the browser."""
    name, secure = cookie_name(host_of(asked), what), asked.scope["scheme"] == "https"
    response.set_cookie(name, value, httponly=True, samesite=samesite, secure=secure)
