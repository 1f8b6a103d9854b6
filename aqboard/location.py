"""Where the project and its database lie; standard library only, so that every command may ask."""

import os
from pathlib import Path

import aqboard

VARIABLE = "AQBOARD_DB"
CONFIG_VARIABLE = "AQBOARD_CONFIG_DIR"
SCRIPTS_VARIABLE = "AQBOARD_SCRIPTS"
TOKEN_VARIABLE = "AQBOARD_TOKEN"  # noqa: S105 - a variable's name
"""How `aqboard serve` hands the access token to the board. A command line would be read by every local user."""
SHORTEST_TOKEN = 32
"""Characters of an access token; a shorter one can be guessed."""


def default_database() -> Path:
    """`AQBOARD_DB`, or `data/local/aqboard.db` in the project's folder."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else project_folder() / "data" / "local" / "aqboard.db"


def config_folder() -> Path:
    """Where a user's agreements and an installation's settings lie: `AQBOARD_CONFIG_DIR`, or the usual place."""
    named = os.environ.get(CONFIG_VARIABLE)
    usual = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "aqboard"
    return Path(named) if named else usual


def scripts_folder(database: Path) -> Path:
    """Where signed launches are written: `AQBOARD_SCRIPTS`, or `scripts` beside the database.

    The jobs read their manifest there, so on a cluster it must be a folder that the compute nodes see, while the
    database belongs on a local disk.
    """
    named = os.environ.get(SCRIPTS_VARIABLE)
    return Path(named).absolute() if named else database.parent.resolve() / "scripts"


def project_folder() -> Path:
    """The folder that holds `app.py`, `data/` and the package."""
    return Path(aqboard.__file__).resolve().parent.parent


def dashboard_script(*, gated: bool) -> Path:
    """What Streamlit is to run: the dashboard behind its access token, or `app.py` as it is."""
    package = Path(aqboard.__file__).resolve().parent
    return package / "web" / "server" / "entrance" / "gated.py" if gated else project_folder() / "app.py"
