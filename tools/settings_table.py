"""The settings of aqboard, for docs/settings.md.

Stands in for `aqboard.settings`, which has the same tables: once it exists, `tools/reference_docs.py` imports them from
there, and this file is deleted.
"""

from typing import NamedTuple

BOARD, COMMANDS, ANYTHING = "board", "command line", "everything"
CHECKS, JOB, DEVELOPERS = "checks", "training job", "developers' tools"


class Setting(NamedTuple):
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


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "AQBOARD_DB", "file", "`data/local/aqboard.db` in the project's folder", "The database.", (BOARD, COMMANDS)
    ),
    Setting(
        "AQBOARD_DB_ONE_MACHINE",
        "`yes`",
        "a database on a file system whose locks may not reach other machines is refused",
        "Promises that one machine alone opens the database.",
        (BOARD, COMMANDS),
    ),
    Setting(
        "AQBOARD_CONFIG_DIR",
        "folder",
        "`$XDG_CONFIG_HOME/aqboard`, or `~/.config/aqboard`",
        "The configuration folder: the settings files below.",
        (BOARD, COMMANDS),
    ),
    Setting(
        "AQBOARD_CACHE_DIR",
        "folder",
        "`$XDG_CACHE_HOME/aqboard`, or `~/.cache/aqboard`; on macOS `~/Library/Caches/aqboard`",
        "Where digests of large files are remembered; may be deleted at any time.",
        (BOARD, COMMANDS, CHECKS),
    ),
    Setting(
        "AQBOARD_SCRIPTS",
        "folder",
        "`scripts` beside the database",
        "Where a GO writes the signed launch; on a cluster the compute nodes must see it.",
        (BOARD, COMMANDS),
    ),
    Setting(
        "AQBOARD_PROFILES",
        "folder",
        "only the packaged profiles",
        "A team's own cluster profiles, one `NAME.yaml` each; they win over packaged ones.",
        (BOARD, COMMANDS),
    ),
    Setting(
        "AQBOARD_TARGETS",
        "file",
        "`targets.yaml` in the configuration folder",
        "The targets whose code the board may run.",
        (BOARD,),
    ),
    Setting(
        "AQBOARD_SEARCH_ROOTS",
        "folders, separated by `:`",
        "the folders of the plan's files",
        "Folders that the board may search and read besides those.",
        (BOARD,),
    ),
    Setting(
        "AQBOARD_TOKEN",
        "secret of 32 characters or more",
        "`aqboard serve` makes a new one",
        "The board's access token, for a proxy that must know it. The board removes it from its environment.",
        (BOARD,),
    ),
    Setting(
        "AQBOARD_MANIFEST",
        "file",
        "the guard is off",
        "The launch's signed manifest. Set by the signed script; not for people.",
        (JOB,),
    ),
    Setting(
        "AQBOARD_MANIFEST_SHA256",
        "64 hexadecimal digits",
        "the manifest's content is not compared",
        "The digest of the manifest. Set by the signed script; not for people.",
        (JOB,),
    ),
    Setting(
        "AQBOARD_CANARY",
        "any text",
        "the training runs to its end",
        "The job is a canary: the guard ends it early. Set by the signed script; not for people.",
        (JOB,),
    ),
    Setting(
        "AQBOARD_TORCH",
        "words for pip",
        "a release for the CPU",
        "The torch that `make` installs where there is none.",
        (DEVELOPERS,),
    ),
    Setting(
        "AQBOARD_CHROMIUM",
        "file",
        "`chromium` on the path",
        "The browser for tests, screenshots and page benchmarks.",
        (DEVELOPERS,),
    ),
    Setting("AQBOARD_REQUIRE_SLURM", "`1`", "they are skipped", "Tests fail where Slurm is missing.", (DEVELOPERS,)),
    Setting("AQBOARD_REQUIRE_BROWSER", "`1`", "they are skipped", "Tests fail without a browser.", (DEVELOPERS,)),
)

SETTINGS_FILES: tuple[SettingsFile, ...] = (
    SettingsFile("signing.yaml", "", "How people are identified, and who must sign.", (BOARD, COMMANDS)),
    SettingsFile("targets.yaml", "AQBOARD_TARGETS", "The targets whose code the board may run.", (BOARD,)),
    SettingsFile(
        "trusted_targets.json",
        "",
        "Code that somebody agreed to run on the command line; written by aqboard.",
        (BOARD, COMMANDS),
    ),
)
