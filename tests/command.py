"""The real `aqboard` command, in a process of its own, as a script would run it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Done(NamedTuple):
    code: int
    out: str
    err: str


def aqboard(*arguments: object, db: Path | None = None) -> Done:
    """Run the command; a traceback is never an answer."""
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    if db is not None:
        environment["AQBOARD_DB"] = str(db)
    done = subprocess.run(
        [sys.executable, "-m", "aqboard.cli", *map(str, arguments)], capture_output=True, text=True, env=environment
    )
    assert "Traceback" not in done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)
