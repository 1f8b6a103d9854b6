"""How every command speaks: one JSON document or readable text on stdout, one sentence on stderr when it fails.

Exit codes are shared by all commands: 0 fine, 1 a difference or a fault was found, 2 cannot tell.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aqboard.domain.errors import AqboardError

if TYPE_CHECKING:
    from aqboard.show.words import Row

OK, FOUND, CANNOT_TELL = 0, 1, 2

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

SIGNS = {"✅": "[green]✔[/]", "❌": "[red]✘[/]", "⚠️": "[yellow]▲[/]"}
"""The terminal's signs for those of `show`: of one width in every font, so that columns stay straight."""


def print_json(document: BaseModel | dict[str, object] | list[object]) -> None:
    """Write one JSON document, and nothing else, to stdout."""
    if isinstance(document, BaseModel):
        text = document.model_dump_json(indent=2)
    else:
        text = json.dumps(document, indent=2, default=str, allow_nan=False)
    sys.stdout.write(text + "\n")


def signed(text: object) -> str:
    """Markup that shows words of `show`: their signs as the terminal's, in colour, the rest letter for letter."""
    markup = escape(str(text))
    for sign, mark in SIGNS.items():
        markup = markup.replace(sign, mark)
    return markup


def table(*columns: str, fold: bool = True) -> Table:
    """An empty table in the house style; its cells wrap, or with `fold` off stay whole."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=not fold)
    return made


def print_rows(rows: Sequence["Row"]) -> None:
    """Rows of `show` as a table; nothing where there are none."""
    if not rows:
        return
    made = table(*rows[0])
    for row in rows:
        made.add_row(*map(signed, row.values()))
    out.print(made)


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Name and value, one per line, never wrapped: paths and digests stay whole for those who copy or grep them."""
    width = max((len(name) for name, _ in facts), default=0)
    for name, value in facts:
        out.print(f"{escape(name.ljust(width))}  {signed(value)}")


def tell_notes(notes: Iterable[str]) -> None:
    """Say on stderr what a person should know about the database; stdout stays clean."""
    for note in notes:
        err.print(f"note: {note}", style="yellow", markup=False)


def tell_waiting(text: str) -> None:
    """Say on stderr, on a line of its own, that something is waited for."""
    err.print(f"waiting: {text}", style="yellow", markup=False)


@contextmanager
def report_errors(*, as_json: bool = False) -> Iterator[None]:
    """Turn an AqboardError into one sentence on stderr and exit code 2; with `as_json`, also a document."""
    try:
        yield
    except AqboardError as error:
        if as_json:
            print_json({"error": {"code": error.code, "message": error.message}})
        err.print(f"error: {error.message}", style="red", markup=False)
        raise typer.Exit(CANNOT_TELL) from None
