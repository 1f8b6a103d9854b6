"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from aqboard.settings import DATABASE, default_database

Database = Annotated[
    Path | None,
    typer.Option("--db", envvar=DATABASE, help="The SQLite database.", show_default="data/local/aqboard.db"),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]


def database(named: Path | None) -> Path:
    """The database to use: the one named, or the default."""
    return named or default_database()
