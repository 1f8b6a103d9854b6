"""A limit on waiting: a rank that waits for another one that is gone ends by itself."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TICK_S = 0.5


class Patience:
    """One quiet thread for a whole training; a limit costs two assignments and starts nothing.

    `give_up` is called in that thread when a limit has passed. It must end the process: the main thread may sit in a
    collective that nothing else can interrupt.
    """

    def __init__(self, seconds: float, give_up: Callable[[], None]) -> None:
        self._seconds, self._give_up = seconds, give_up
        self._deadline: float | None = None
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self) -> Iterator[None]:
        """What is inside may take as long as `seconds`."""
        self.within(self._seconds)
        try:
            yield
        finally:
            self.relax()

    def begin(self) -> None:
        """The limit runs from now on, until `relax`."""
        self.within(self._seconds)

    def relax(self) -> None:
        """No limit from now on."""
        self._deadline = None

    def within(self, seconds: float) -> None:
        """From now on the process has that long."""
        self._deadline = time.monotonic() + seconds
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="aqboard-guard-patience", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        while True:
            time.sleep(TICK_S)
            deadline = self._deadline
            if deadline is not None and time.monotonic() > deadline:
                self._give_up()
                return


def end_at_once(code: int) -> None:
    """End the process without waiting for anything."""
    os._exit(code)
