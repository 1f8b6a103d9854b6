"""`aqboard serve`: the dashboard, on this machine only."""

import os
import socket
import sys
from typing import Annotated

import typer

from aqboard.cli.options import Database, database
from aqboard.cli.output import CANNOT_TELL, err, out
from aqboard.location import VARIABLE, project_folder


def serve(
    db: Database = None,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Local port.")] = 8501,
) -> None:
    """Serve the dashboard on 127.0.0.1; prints how to reach it from a laptop."""
    app = project_folder() / "app.py"
    if not app.is_file():
        err.print(f"error: the dashboard's {app} is missing; serve from a clone of the project.", markup=False)
        raise typer.Exit(CANNOT_TELL)
    path = database(db).resolve()
    host = socket.gethostname()
    out.print(f"database   {path}", markup=False)
    out.print(f"dashboard  http://127.0.0.1:{port}", markup=False)
    out.print(f"from afar  ssh -N -L {port}:127.0.0.1:{port} -o ExitOnForwardFailure=yes {host}", markup=False)
    sys.stdout.flush()
    command = [sys.executable, "-m", "streamlit", "run", str(app), f"--server.port={port}"]
    # The project's .streamlit/config.toml is found from the working directory.
    os.chdir(project_folder())
    os.execve(sys.executable, command, {**os.environ, VARIABLE: str(path)})  # noqa: S606
