"""One line per probe while the checks run, on stderr, so that stdout stays clean."""

import time
from types import TracebackType

from rich.markup import escape
from rich.status import Status

from aqboard.cli.output import err
from aqboard.sessions.events import Ended, Event, Progressed, Started

MARK = {"measured": "[green]measured[/]", "unavailable": "[dim]not measured[/]", "broke": "[red]broke[/]"}


class ProgressDisplay:
    """A listener for probe events; a context manager that owns the status line, if it is not to be `lasting`."""

    def __init__(self, *, shown: bool, lasting: bool = False) -> None:
        self._status = Status("starting", console=err) if shown and not lasting else None
        self._shown = shown
        self._began = time.monotonic()

    def __enter__(self) -> "ProgressDisplay":
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def note(self, text: str) -> None:
        """Show what is being done now: in the status line, or where that would be in the way, as a line of its own."""
        if self._status:
            self._status.update(f"{escape(text)}  [dim]{time.monotonic() - self._began:.0f} s[/]")
        elif self._shown:
            err.print(f"  {escape(text)}", style="dim")

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if not self._shown:
            return
        if isinstance(event, Started):
            self.note(f"probe {event.probe}")
        elif isinstance(event, Progressed):
            self.note(f"probe {event.probe}: {event.message}")
        elif isinstance(event, Ended):
            done = event.outcome
            why = f"  {escape(done.message)}" if done.message else ""
            err.print(f"  {done.probe:<11} {MARK[done.status]} in {done.seconds:.1f} s{why}")
