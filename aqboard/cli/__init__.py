"""The `aqboard` command: joins everything, decides nothing."""

import typer

from aqboard import __version__
from aqboard.cli.commands import Commands
from aqboard.logs import configure

app = typer.Typer(
    name="aqboard",
    cls=Commands,
    help="Stands between a team and a large training launch: check, compare, sign off, write the script.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aqboard {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Exit codes: 0 fine or READY, 1 a fault found or NOT READY, 2 cannot tell."""


def main() -> None:
    """Entry point of the `aqboard` script."""
    configure()
    app()
