"""A reverse proxy on loopback that has identified its user: it says so in headers, and passes everything else on.

One request for each connection, so that only the head of a connection has to be read; WebSockets are passed through.
"""

import asyncio
import contextlib
import threading
from typing import Self


class ReverseProxy:
    """Runs in a thread; `headers` replace whatever the browser sends under these names."""

    def __init__(self, port_behind: int, headers: dict[str, str]) -> None:
        self._behind = port_behind
        self._headers = headers
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _pass_on(self, browser: asyncio.StreamReader, to_browser: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await browser.readuntil(b"\r\n\r\n")
            board, to_board = await asyncio.open_connection("127.0.0.1", self._behind)
            to_board.write(self._rewritten(head))
            await asyncio.gather(_copy(browser, to_board), _copy(board, to_browser))

    def _rewritten(self, head: bytes) -> bytes:
        request, *lines = head.decode("latin-1").split("\r\n")[:-2]
        own = {name.lower() for name in self._headers} | {"connection"}
        upgrade = any(line.lower().startswith("upgrade:") for line in lines)
        kept = [line for line in lines if line.partition(":")[0].lower() not in own]
        added = [f"{name}: {value}" for name, value in self._headers.items()]
        words = (request, *kept, *added, f"Connection: {'Upgrade' if upgrade else 'close'}", "", "")
        return "\r\n".join(words).encode("latin-1")


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()
    with contextlib.suppress(ConnectionError, OSError):
        target.close()
