"""Where the project and its database lie; standard library only, so that every command may ask."""

import os
from pathlib import Path

import aqboard

VARIABLE = "AQBOARD_DB"


def default_database() -> Path:
    """`AQBOARD_DB`, or `data/local/aqboard.db` in the project's folder."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else project_folder() / "data" / "local" / "aqboard.db"


def project_folder() -> Path:
    """The folder that holds `app.py`, `data/` and the package."""
    return Path(aqboard.__file__).resolve().parent.parent
