"""The gate in front of the whole server: page, websocket, downloads. It lets in who has the access token.

On a shared login node 127.0.0.1 is open to every local user, so the board asks for what only its owner's terminal
showed. Who has come in is remembered by a cookie; who somebody *is* is another question (`identity.py`).
"""

import asyncio
import hmac
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aqboard.location import SHORTEST_TOKEN, TOKEN_VARIABLE
from aqboard.web.server.cookies import cookie_name, give, host_of
from aqboard.web.server.gate_page import gate_page

PARAMETER = "token"
ALWAYS_OPEN = "/_stcore/health"
"""Says `ok`, for whoever watches over the server."""

WRONG_WAITS_S = 1.0
MOST_WAITING = 8
LONGEST_FORM = 4096
"""Bytes."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Gate:
    """ASGI middleware that answers for `app` until the request shows the token, or the cookie given for it.

    It looks at the path of the request alone, never at `request.url`: the sender's Host header is part of that.
    Raises ValueError for a token that can be guessed.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        if len(token) < SHORTEST_TOKEN:
            raise ValueError(
                f"{TOKEN_VARIABLE} holds {len(token)} characters; a token has {SHORTEST_TOKEN} or more. "
                "Start the board with `aqboard serve`, which makes one."
            )
        self._app = app
        self._token = token
        # The cookie is not the token itself, so that a browser's files do not hold what is typed.
        self._cookie = hmac.new(token.encode(), b"aqboard cookie", sha256).hexdigest()
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        shown = asked.query_params.get(PARAMETER) if scope["type"] == "http" else None
        if shown is None and (_is_health(scope) or self._is_in(asked)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "no access token"})
        else:
            response = await self._answer(Request(scope, receive), shown)
            await response(scope, receive, send)

    def _is_in(self, asked: HTTPConnection) -> bool:
        if (carried := _carried(asked)) is not None and self._same(carried, self._token):
            return True
        cookie = asked.cookies.get(cookie_name(host_of(asked)), "")
        return self._same(cookie, self._cookie) and _from_here(asked)

    async def _answer(self, request: Request, shown: str | None) -> Response:
        """The way in for who has the token, the page that asks for it for everybody else."""
        if shown is not None and self._is_in(request):
            return self._way_in(request)  # an old link, in a browser that is in already
        if shown is None:
            shown = _carried(request)
        if shown is None and request.method == "POST":
            shown = await _typed(request)
        if shown is None:
            return _page("", HTTPStatus.UNAUTHORIZED)
        if self._waiting >= MOST_WAITING:
            said = "Too many wrong tokens are being tried. Wait a few seconds, then try again."
            return _page(said, HTTPStatus.TOO_MANY_REQUESTS)
        if self._same(shown, self._token):
            return self._way_in(request)
        await self._slow_down()
        said = "This is not the token of the board that runs now. A board that was started again has a new one."
        return _page(said, HTTPStatus.UNAUTHORIZED)

    async def _slow_down(self) -> None:
        """Wrong tokens are answered one after the other, whoever sends them, in however many connections."""
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                await asyncio.sleep(WRONG_WAITS_S)
        finally:
            self._waiting -= 1

    def _way_in(self, request: Request) -> Response:
        """To the same address without the token, so that it stays in no history and in no link sent on."""
        response = RedirectResponse(_without_token(request), HTTPStatus.SEE_OTHER, headers=HEADERS)
        # Lax, not Strict: a link in a colleague's mail, and the way back from an identity provider, must find it.
        give(response, request, self._cookie, samesite="lax")
        return response

    @staticmethod
    def _same(given: str, wanted: str) -> bool:
        return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _is_health(scope: Scope) -> bool:
    return (scope["type"], scope["path"]) == ("http", ALWAYS_OPEN)


def _from_here(asked: HTTPConnection) -> bool:
    """Whether a page of this very board sent it. The browser adds the cookie for pages of other ports, too."""
    origin = asked.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == asked.headers.get("host")


def _without_token(request: Request) -> str:
    # Only one slash at the start: the browser takes two for the name of another server.
    path = "/" + quote(request.scope["path"].lstrip("/\\"))
    query = urlencode([(name, value) for name, value in request.query_params.multi_items() if name != PARAMETER])
    return f"{path}?{query}" if query else path


def _carried(asked: HTTPConnection) -> str | None:
    """The token that a proxy adds for everybody who comes through it."""
    kind, _, token = asked.headers.get("authorization", "").partition(" ")
    return token if kind == "Bearer" else None


async def _typed(request: Request) -> str | None:
    """What was typed on the page; None when this is no answer to it. The whole link is as good as the token."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return None
    typed = parse_qs(body.decode(errors="replace")).get(PARAMETER)
    return typed[0].strip().rpartition(f"{PARAMETER}=")[2] if typed else None


def _page(said: str, status: HTTPStatus) -> Response:
    return HTMLResponse(gate_page(said), status, headers=HEADERS)
