"""How every command speaks: one JSON document or readable text on stdout, one sentence on stderr when it fails.

Exit codes are shared by all commands: 0 fine, 1 a difference or a fault was found, 2 cannot tell.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer
from pydantic import BaseModel
from rich.console import Console

from aqboard.domain.errors import AqboardError

OK, FOUND, CANNOT_TELL = 0, 1, 2

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(document: BaseModel | dict[str, object] | list[object]) -> None:
    """Write one JSON document, and nothing else, to stdout."""
    if isinstance(document, BaseModel):
        text = document.model_dump_json(indent=2)
    else:
        text = json.dumps(document, indent=2, default=str, allow_nan=False)
    sys.stdout.write(text + "\n")


def tell_notes(notes: Iterable[str]) -> None:
    """Say on stderr what a person should know about the database; stdout stays clean."""
    for note in notes:
        err.print(f"note: {note}", style="yellow", markup=False)


def tell_waiting(text: str) -> None:
    """Say on stderr, on a line of its own, that something is waited for."""
    err.print(f"waiting: {text}", style="yellow", markup=False)


@contextmanager
def errors_told(*, as_json: bool = False) -> Iterator[None]:
    """Turn an AqboardError into one sentence on stderr and exit code 2; with `as_json`, also a document."""
    try:
        yield
    except AqboardError as error:
        if as_json:
            print_json({"error": {"code": error.code, "message": error.message}})
        err.print(f"error: {error.message}", style="red", markup=False)
        raise typer.Exit(CANNOT_TELL) from None
