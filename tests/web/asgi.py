"""A middleware between a browser and a board, as the server speaks to it."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.types import ASGIApp

HOST = "127.0.0.1:8501"

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: where a browser's test came before, this one has a running event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def cookie(self) -> str:
        return self.headers["set-cookie"].split(";")[0]


class Door:
    """A middleware with something behind it, and what came through."""

    def __init__(self, middleware: Callable[[ASGIApp], ASGIApp]) -> None:
        self.inside: list[str] = []
        self._door = middleware(self._behind)

    async def _behind(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside.append(scope["path"] if "path" in scope else scope["type"])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"the board"})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.accept"})

    async def send(
        self,
        path: str = "/",
        query: str = "",
        *,
        kind: str = "http",
        method: str = "GET",
        body: bytes = b"",
        host: str = HOST,
        tls: bool = False,
        **headers: str,
    ) -> Answer:
        told = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        scope = {
            "type": kind,
            "method": method,
            "scheme": ("http" if kind == "http" else "ws") + "s" * tls,
            "path": path,
            "query_string": query.encode(),
            "server": ("127.0.0.1", 8501),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        }
        answer = Answer()

        async def receive() -> dict[str, Any]:
            return {"type": f"{kind}.{'request' if kind == 'http' else 'connect'}", "body": body}

        async def taken(message: Any) -> None:
            answer.status = message.get("status", answer.status)
            answer.headers |= {name.decode(): value.decode() for name, value in message.get("headers", [])}
            answer.body += message.get("body", b"").decode()
            if message["type"].startswith("websocket"):
                answer.body = message["type"]

        await self._door(scope, receive, taken)
        return answer

    def ask(self, path: str = "/", query: str = "", **more: Any) -> Answer:
        return run(self.send(path, query, **more))
