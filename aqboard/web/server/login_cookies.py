"""Gives a browser the cookie of a sign-in, so that it outlives F5 and reaches every tab."""

import logging
import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aqboard.web.server.cookies import give
from aqboard.web.server.logins import LOGINS, Logins

logger = logging.getLogger("aqboard.server")

WHAT = "login"
"""Which of the board's cookies this is."""

_TICKET = re.compile(r"/kept-login/([A-Za-z0-9_-]{43})")


def picture(ticket: str) -> str:
    """HTML that makes the browser fetch the cookie by itself, and shows nothing."""
    # A relative address, for boards below a path of their own: every page is one level deep.
    return f'<img src="kept-login/{ticket}" alt="" width="0" height="0">'


class LoginCookies:
    """ASGI middleware, inside the gate: exchanges the ticket of a sign-in for its cookie, passes on everything else."""

    def __init__(self, app: ASGIApp, logins: Logins = LOGINS) -> None:
        self._app = app
        self._logins = logins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        asked = _TICKET.search(scope["path"]) if scope["type"] == "http" else None
        if asked is None:
            await self._app(scope, receive, send)
            return
        await self._answer(Request(scope), asked[1])(scope, receive, send)

    def _answer(self, request: Request, ticket: str) -> Response:
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        # A page of somebody else's could make this browser sign in as them; browsers say where a request comes from.
        from_here = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
        cookie = self._logins.redeem(ticket) if from_here else None
        if cookie is None:
            logger.info("a browser was refused the cookie of a sign-in: unknown, used, too old, or another site asked")
            return Response(status_code=HTTPStatus.GONE, headers=headers)
        response = Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
        # Strict: it is read from the websocket alone, which a page of the board opens.
        give(response, request, cookie, what=WHAT, samesite="strict")
        return response
