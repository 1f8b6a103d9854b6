"""Which code a folder holds: its git commit, and a digest of what was changed since."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from aqboard.domain.job.manifest import CodeState

LIMIT_S = 60
"""`git diff` looks at every file under version control; on a slow file system that takes seconds."""
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"ref: (refs/[^\x00-\x20]+)")

REMEDY = "Bring the folder back to what was signed, or check and sign again."


class CodeAnswer(NamedTuple):
    """What is wrong with the code, and what could not be looked at; both empty when all is as signed."""

    fault: str = ""
    note: str = ""


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


def compare_code(signed: CodeState) -> CodeAnswer:
    """The folder now against the state that was signed."""
    without_git = shutil.which("git") is None
    now = _by_hand(signed.folder) if without_git else code_state(signed.folder)
    if now is None:
        return CodeAnswer(
            f"Nothing tells which commit {signed.folder} is at, {signed.commit[:12]} was signed: it is not in a git "
            f"work tree of yours as this node sees it. {REMEDY}"
        )
    if now.commit != signed.commit:
        return CodeAnswer(f"{signed.folder} is at commit {now.commit[:12]}, {signed.commit[:12]} was signed. {REMEDY}")
    if without_git:
        return CodeAnswer(note=f"git is not installed here: uncommitted changes in {signed.folder} were not looked at.")
    if now.changes_sha256 != signed.changes_sha256:
        what = "other uncommitted changes than were signed" if signed.dirty else "uncommitted changes"
        return CodeAnswer(f"{signed.folder} has {what}; see `git diff HEAD`. {REMEDY}")
    return CodeAnswer()


def _git(folder: Path, *arguments: str) -> bytes:
    # --no-optional-locks: looking must not write into the team's repository, nor trip over somebody who does.
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=True).stdout


def _by_hand(folder: Path) -> CodeState | None:
    """The commit alone, read from git's own files: containers often come without git."""
    try:
        place = next(parent / ".git" for parent in (folder, *folder.parents) if (parent / ".git").exists())
        if place.is_file():  # a linked work tree
            place = place.parent / place.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (place / "HEAD").read_text(encoding="utf-8").strip()
        if ref := _REF.fullmatch(head):
            shared = place / "commondir"
            if shared.exists():
                place = place / shared.read_text(encoding="utf-8").strip()
            head = _resolved(place, ref[1])
    except (OSError, StopIteration, UnicodeDecodeError):
        return None
    return CodeState(folder=folder, commit=head) if _COMMIT.fullmatch(head) else None


def _resolved(place: Path, ref: str) -> str:
    loose = place / ref
    if loose.exists():
        return loose.read_text(encoding="utf-8").strip()
    packed = (line.split() for line in (place / "packed-refs").read_text(encoding="utf-8").splitlines())
    return next((words[0] for words in packed if len(words) == 2 and words[1] == ref), "")
