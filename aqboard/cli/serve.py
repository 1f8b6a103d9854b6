"""`aqboard serve`: the dashboard, on this machine only, behind an access token."""

import os
import secrets
import socket
import sys
from typing import Annotated

import typer

from aqboard import settings
from aqboard.cli.options import Database, database
from aqboard.cli.output import CANNOT_TELL, err, out
from aqboard.settings import SHORTEST_TOKEN, TOKEN, dashboard_script, project_folder

LOOPBACK = "127.0.0.1"
TOKEN_BYTES = 32


def serve(
    db: Database = None,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Local port; another one if it is taken.")] = 8501,
    token: Annotated[bool, typer.Option(help="Let in only who has the link that is printed.")] = True,
) -> None:
    """Serve the dashboard on 127.0.0.1; prints the link to open, and how to reach it from a laptop."""
    if not (app := dashboard_script(gated=False)).is_file():
        err.print(f"error: the dashboard's {app} is missing; serve from a clone of the project.", markup=False)
        raise typer.Exit(CANNOT_TELL)
    path = database(db).resolve()
    asked_for = _token() if token else None
    free = _free_port(port)
    if free != port:
        err.print(f"note: port {port} is taken on this machine; the board uses {free}.", style="yellow", markup=False)
    _tell(str(path), free, asked_for, chosen=settings.token() is not None)
    sys.stdout.flush()
    command = [sys.executable, "-m", "streamlit", "run", str(dashboard_script(gated=token)), f"--server.port={free}"]
    # Streamlit's own words name an address without the token.
    command += ["--logger.hideWelcomeMessage=true"] if token else []
    # The project's .streamlit/config.toml is found from the working directory.
    os.chdir(project_folder())
    os.execve(sys.executable, command, settings.board_environment(path, asked_for))  # noqa: S606


def _token() -> str:
    """The one that whoever runs the installation chose, for a proxy that must know it; else a new one."""
    chosen = settings.token()
    if chosen is None:
        return secrets.token_urlsafe(TOKEN_BYTES)
    if len(chosen) < SHORTEST_TOKEN or not chosen.isascii() or not chosen.isprintable() or " " in chosen:
        err.print(
            f"error: {TOKEN} must hold {SHORTEST_TOKEN} or more letters, digits and signs without spaces. "
            "Unset it, and the board makes a token of its own.",
            markup=False,
        )
        raise typer.Exit(CANNOT_TELL)
    return chosen


def _free_port(wanted: int) -> int:
    """`wanted`, or a free one where another process, perhaps another user's, listens there."""
    for port in (wanted, 0):
        with socket.socket() as trial:
            # As the server will: a port whose last connections are still closing is free.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((LOOPBACK, port))
            except OSError:
                continue
            free: int = trial.getsockname()[1]
            return free
    err.print(f"error: no port of {LOOPBACK} is free, {wanted} neither; close another server.", markup=False)
    raise typer.Exit(CANNOT_TELL)


def _tell(path: str, port: int, token: str | None, *, chosen: bool) -> None:
    """Where the board is. A token that somebody chose is known to them, and is not printed into a service's log."""
    address = f"http://{LOOPBACK}:{port}/"
    out.print(f"database   {path}", markup=False)
    out.print(f"dashboard  {address}{f'?token={token}' if token and not chosen else ''}", markup=False)
    out.print(
        f"from afar  ssh -N -L {port}:{LOOPBACK}:{port} -o ExitOnForwardFailure=yes {socket.gethostname()}\n"
        "           on your laptop, then open the same link there",
        markup=False,
    )
    if token is None:
        told = (
            "no access token: everybody who can log in to this machine can read the board and, where it does not ask "
            "for a sign-in, decide under any name"
        )
        err.print(f"warning: {told}.", style="yellow", markup=False)
    elif chosen:
        out.print(f"           it asks for the token in {TOKEN}", markup=False)
    else:
        out.print("           the link is a key: whoever has it gets in, until this board is stopped", markup=False)
