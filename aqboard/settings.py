"""All that can be set from outside: environment variables and settings files. They are read here and nowhere else.

Standard library only, so that every command, the board and a training job may ask.
"""

import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import aqboard

DATABASE = "AQBOARD_DB"
ONE_MACHINE = "AQBOARD_DB_ONE_MACHINE"
CONFIG = "AQBOARD_CONFIG_DIR"
CACHE = "AQBOARD_CACHE_DIR"
SCRIPTS = "AQBOARD_SCRIPTS"
PROFILES = "AQBOARD_PROFILES"
TARGETS = "AQBOARD_TARGETS"
SEARCH_ROOTS = "AQBOARD_SEARCH_ROOTS"
TOKEN = "AQBOARD_TOKEN"  # noqa: S105 - a variable's name
LOG = "AQBOARD_LOG"
MANIFEST = "AQBOARD_MANIFEST"
MANIFEST_SHA256 = "AQBOARD_MANIFEST_SHA256"
CANARY = "AQBOARD_CANARY"

SHORTEST_TOKEN = 32
"""Characters of an access token; a shorter one can be guessed."""
NO_NAME = "unknown"
"""The login name of an account without one, as some containers have."""

BOARD, COMMANDS, ANYTHING = "board", "command line", "everything"
CHECKS, JOB, DEVELOPERS = "checks", "training job", "developers' tools"


class Variable(NamedTuple):
    """One environment variable, in words for people."""

    name: str
    kind: str
    """What it holds: a file, a folder, folders, a word, a secret."""
    default: str
    """What counts where it is not set."""
    meaning: str
    read_by: tuple[str, ...]


class SettingsFile(NamedTuple):
    """A file that aqboard looks for in the configuration folder."""

    name: str
    named_by: str
    """The variable that names another file; empty where none does."""
    meaning: str
    read_by: tuple[str, ...]


SETTINGS: tuple[Variable, ...] = (
    Variable(DATABASE, "file", "`data/local/aqboard.db` in the project's folder", "The database.", (BOARD, COMMANDS)),
    Variable(
        ONE_MACHINE,
        "`yes`",
        "a database on a file system whose locks may not reach other machines is refused",
        "Promises that one machine alone opens the database.",
        (BOARD, COMMANDS),
    ),
    Variable(
        CONFIG,
        "folder",
        "`$XDG_CONFIG_HOME/aqboard`, or `~/.config/aqboard`",
        "The configuration folder: the settings files below.",
        (BOARD, COMMANDS),
    ),
    Variable(
        CACHE,
        "folder",
        "`$XDG_CACHE_HOME/aqboard`, or `~/.cache/aqboard`; on macOS `~/Library/Caches/aqboard`",
        "Where digests of large files are remembered; may be deleted at any time.",
        (BOARD, COMMANDS, CHECKS),
    ),
    Variable(
        SCRIPTS,
        "folder",
        "`scripts` beside the database",
        "Where a GO writes the signed launch; on a cluster the compute nodes must see it.",
        (BOARD, COMMANDS),
    ),
    Variable(
        PROFILES,
        "folder",
        "only the packaged and installed profiles",
        "A team's own cluster profiles, one `NAME.yaml` each; they win over all others of the same name.",
        (BOARD, COMMANDS),
    ),
    Variable(
        TARGETS,
        "file",
        "`targets.yaml` in the configuration folder",
        "The targets whose code the board may run.",
        (BOARD,),
    ),
    Variable(
        SEARCH_ROOTS,
        "folders, separated by `:`",
        "the folders of the plan's files",
        "Folders that the board may search and read besides those.",
        (BOARD,),
    ),
    Variable(
        TOKEN,
        "secret of 32 characters or more",
        "`aqboard serve` makes a new one",
        "The board's access token, for a proxy that must know it. The board removes it from its environment.",
        (BOARD,),
    ),
    Variable(
        LOG,
        "`debug`, `info`, `warning` or `error`, perhaps with `:FILE`",
        "nothing is logged",
        "How much aqboard's own log says, on stderr or appended to FILE, e.g. `debug:/tmp/aqboard.log`.",
        (ANYTHING,),
    ),
    Variable(
        MANIFEST,
        "file",
        "the guard is off",
        "The launch's signed manifest. Set by the signed script; not for people.",
        (JOB,),
    ),
    Variable(
        MANIFEST_SHA256,
        "64 hexadecimal digits",
        "the manifest's content is not compared",
        "The digest of the manifest. Set by the signed script; not for people.",
        (JOB,),
    ),
    Variable(
        CANARY,
        "any text",
        "the training runs to its end",
        "The job is a canary: the guard ends it early. Set by the signed script; not for people.",
        (JOB,),
    ),
    Variable(
        "AQBOARD_TORCH",
        "words for pip",
        "a release for the CPU",
        "The torch that `make` installs where there is none.",
        (DEVELOPERS,),
    ),
    Variable(
        "AQBOARD_CHROMIUM",
        "file",
        "`chromium` on the path",
        "The browser for tests, screenshots and page benchmarks.",
        (DEVELOPERS,),
    ),
    Variable("AQBOARD_REQUIRE_SLURM", "`1`", "they are skipped", "Tests fail where Slurm is missing.", (DEVELOPERS,)),
    Variable("AQBOARD_REQUIRE_BROWSER", "`1`", "they are skipped", "Tests fail without a browser.", (DEVELOPERS,)),
)

SETTINGS_FILES: tuple[SettingsFile, ...] = (
    SettingsFile("signing.yaml", "", "How people are identified, and who must sign.", (BOARD, COMMANDS)),
    SettingsFile("targets.yaml", TARGETS, "The targets whose code the board may run.", (BOARD,)),
    SettingsFile(
        "trusted_targets.json",
        "",
        "Code that somebody agreed to run on the command line; written by aqboard.",
        (BOARD, COMMANDS),
    ),
)


def named_database() -> str:
    """The database that the environment names; empty where it names none."""
    return os.environ.get(DATABASE, "")


def default_database() -> Path:
    """`AQBOARD_DB`, or `data/local/aqboard.db` in the project's folder."""
    named = named_database()
    return Path(named) if named else project_folder() / "data" / "local" / "aqboard.db"


def one_machine(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody promises that one machine alone opens the database."""
    return environment.get(ONE_MACHINE) == "yes"


def config_folder() -> Path:
    """Where a user's agreements and an installation's settings lie: `AQBOARD_CONFIG_DIR`, or the usual place."""
    named = os.environ.get(CONFIG)
    usual = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "aqboard"
    return Path(named) if named else usual


def signing_file() -> Path:
    """`signing.yaml`; it need not exist."""
    return config_folder() / "signing.yaml"


def targets_file() -> Path | None:
    """The list of allowed targets; None where none is named and the usual one does not exist."""
    named = os.environ.get(TARGETS)
    usual = config_folder() / "targets.yaml"
    return Path(named) if named else usual if usual.exists() else None


def trusted_targets_file() -> Path:
    """Where agreements to run code are remembered; it need not exist."""
    return config_folder() / "trusted_targets.json"


def cache_folder() -> Path:
    """Where digests are remembered: `AQBOARD_CACHE_DIR`, or the platform's cache folder."""
    chosen = os.environ.get(CACHE)
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "aqboard"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aqboard"


def scripts_folder(database: Path) -> Path:
    """Where signed launches are written: `AQBOARD_SCRIPTS`, or `scripts` beside the database.

    The jobs read their manifest there, so on a cluster it must be a folder that the compute nodes see, while the
    database belongs on a local disk.
    """
    named = os.environ.get(SCRIPTS)
    return Path(named).absolute() if named else database.parent.resolve() / "scripts"


def profiles_folder() -> str:
    """The folder with a team's own cluster profiles, as it was named; empty where none is."""
    return os.environ.get(PROFILES, "")


def search_roots(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Folders that the board may search besides those of a plan's files; they need not exist."""
    return tuple(Path(root) for root in environment.get(SEARCH_ROOTS, "").split(os.pathsep) if root)


def token() -> str | None:
    """The access token that whoever serves the board chose; None when they chose none."""
    return os.environ.get(TOKEN)


def take_token() -> str:
    """The access token, removed from the environment: what the board starts runs other people's code."""
    return os.environ.pop(TOKEN, "")


def board_environment(database: Path, access_token: str | None) -> dict[str, str]:
    """The environment for the board's server. The token goes this way because every local user reads command lines."""
    kept = {name: value for name, value in os.environ.items() if name != TOKEN}
    return kept | {DATABASE: str(database)} | ({} if access_token is None else {TOKEN: access_token})


def log_setting() -> str:
    """`AQBOARD_LOG`; `aqboard.logs` understands it."""
    return os.environ.get(LOG, "")


def guard_manifest() -> Path | None:
    """The manifest that the signed script names; without one the guard is off."""
    named = os.environ.get(MANIFEST)
    return Path(named) if named else None


def guard_manifest_sha256() -> str | None:
    """The digest that the signed script carries for the manifest."""
    return os.environ.get(MANIFEST_SHA256)


def in_canary(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this job is the canary of a launch."""
    return bool(environment.get(CANARY))


def login_name() -> str:
    """The account that this process runs as; `NO_NAME` where it has no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return NO_NAME


def project_folder() -> Path:
    """The folder that holds `app.py`, `data/` and the package."""
    return Path(aqboard.__file__).resolve().parent.parent


def dashboard_script(*, gated: bool) -> Path:
    """What Streamlit is to run: the dashboard behind its access token, or `app.py` as it is."""
    package = Path(aqboard.__file__).resolve().parent
    return package / "web" / "server" / "entrance" / "gated.py" if gated else project_folder() / "app.py"
