"""Which code a folder holds: its git commit, and a digest of what was changed since."""

import hashlib
import subprocess
from pathlib import Path

from aqboard.domain.manifest import CodeState

LIMIT_S = 60
"""`git diff` looks at every file under version control; on a slow file system that takes seconds."""


def code_state(folder: Path) -> CodeState | None:
    """The work tree that holds `folder`; None where there is none, or no git.

    Files that are not under version control do not count: a training writes its logs beside its code.
    """
    try:
        commit = _git(folder, "rev-parse", "--verify", "HEAD^{commit}").decode().strip()
        # Settings of the user and of the repository must not change what the difference looks like.
        changes = _git(
            folder, "-c", "core.fsmonitor=false", "diff", "--no-ext-diff", "--no-textconv", "--no-color",
            "--full-index", "--binary", "--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers",
            "--no-renames", "--unified=3", "HEAD",
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    digest = hashlib.sha256(changes).hexdigest() if changes else None
    return CodeState(folder=folder.absolute(), commit=commit, changes_sha256=digest)


def _git(folder: Path, *arguments: str) -> bytes:
    # --no-optional-locks: looking must not write into the team's repository, nor trip over somebody who does.
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=True).stdout
