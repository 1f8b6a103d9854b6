"""The environment variables that aqboard reads, for docs/settings.md.

Stands in for the table of `aqboard.settings`: once that exists, `tools/reference_docs.py` takes it from there, and this
file goes.
"""

from typing import NamedTuple


class Setting(NamedTuple):
    """One environment variable: what it sets, and what applies without it."""

    name: str
    meaning: str
    default: str


SETTINGS = (
    Setting("AQBOARD_DB", "The SQLite database.", "`data/local/aqboard.db` in the project's folder"),
    Setting(
        "AQBOARD_DB_ONE_MACHINE",
        "`yes`: one machine alone opens the database, so it may be on a file system whose locks cannot be trusted.",
        "such a file system is refused",
    ),
    Setting(
        "AQBOARD_CONFIG_DIR",
        "The folder of an installation's settings (`signing.yaml`, `targets.yaml`) and of what a user agreed to run.",
        "`aqboard` in `XDG_CONFIG_HOME`, or `~/.config/aqboard`",
    ),
    Setting(
        "AQBOARD_SCRIPTS",
        "The folder that signed launches are written to. On a cluster the compute nodes must see it.",
        "`scripts` in the database's folder",
    ),
    Setting(
        "AQBOARD_CACHE_DIR",
        "The folder in which digests of large files are remembered.",
        "`aqboard` in `XDG_CACHE_HOME`, or `~/.cache/aqboard`; on macOS `~/Library/Caches/aqboard`",
    ),
    Setting("AQBOARD_PROFILES", "A folder with cluster profiles of your own, `NAME.yaml`.", "the packaged profiles"),
    Setting(
        "AQBOARD_TARGETS",
        "The file with the targets that this installation allows.",
        "`targets.yaml` in the configuration folder",
    ),
    Setting(
        "AQBOARD_SEARCH_ROOTS",
        "Folders, separated as in `PATH`, that the board may search and read scripts from.",
        "the folders of the plan's own files",
    ),
    Setting(
        "AQBOARD_TOKEN",
        "The access token of the board, 32 characters or more, for a proxy that has to know it.",
        "`aqboard serve` makes one at each start",
    ),
    Setting(
        "AQBOARD_MANIFEST",
        "Set by the job script: the signed manifest of the launch.",
        "the guard in the training is off",
    ),
    Setting(
        "AQBOARD_MANIFEST_SHA256", "Set by the job script: the digest of the manifest.", "the manifest counts as it is"
    ),
    Setting("AQBOARD_CANARY", "Set by the job script in a canary.", "the job is the launch itself"),
)
