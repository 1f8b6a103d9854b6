"""Folders that the launch will write to: whether it can, and how much fits. Nothing is written to find out."""

import os
import shutil
import subprocess
from pathlib import Path

from aqboard.domain.evidence.machine import OutputFolder
from aqboard.probes.context import Context
from aqboard.probes.target import Writes

JOB = "the job's working directory"
LFS_LIMIT_S = 10.0


def output_folders(context: Context) -> tuple[OutputFolder, ...]:
    """The target's folders, which the training makes, and the job's directory, which must be there when it starts."""
    target = context.target
    asked = dict(target.output_folders()) if isinstance(target, Writes) else {}
    return (
        *(look_at(Path(path), what, must_exist=False) for what, path in asked.items()),
        look_at(Path(context.plan.cluster.workdir), JOB, must_exist=True),
    )


def look_at(path: Path, what: str, *, must_exist: bool) -> OutputFolder:
    """What this machine says of a folder, or of the nearest one above it that exists."""
    path = path.absolute()
    nearest = next(folder for folder in (path, *path.parents) if folder.exists())
    if nearest == Path(nearest.anchor) and path != nearest:
        return OutputFolder(path=str(path), what=what, nearest=str(nearest), on_this_machine=False)
    space = os.statvfs(nearest)
    return OutputFolder(
        path=str(path),
        what=what,
        nearest=str(nearest),
        obstacle=_obstacle(path, nearest, space, must_exist=must_exist),
        free_bytes=space.f_bavail * space.f_frsize,
        free_files=space.f_favail or None,
        quota_bytes=lustre_quota_left(nearest),
    )


def _obstacle(path: Path, nearest: Path, space: os.statvfs_result, *, must_exist: bool) -> str:
    if must_exist and nearest != path:
        return "it does not exist"
    if not nearest.is_dir():
        return f"{nearest} is a file, not a folder"
    if space.f_flag & os.ST_RDONLY:
        return f"the file system at {nearest} is read-only"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"this user may not write to {nearest}"
    return ""


def lustre_quota_left(folder: Path) -> int | None:
    """Bytes left of the quota of the folder's Lustre project; None where there is no Lustre, project or quota."""
    lfs = shutil.which("lfs")
    if lfs is None:
        return None
    owner = _answer([lfs, "project", "-d", str(folder)]).split()
    return left_of_quota(_answer([lfs, "quota", "-q", "-p", owner[0], str(folder)])) if owner else None


def left_of_quota(text: str) -> int | None:
    """`lfs quota -q` prints folder, KiB used, soft and hard limit, then the same for files; `*` marks one exceeded."""
    words = text.split()
    try:
        used, soft, hard = (int(word.rstrip("*")) for word in words[1:4])
    except ValueError:
        return None
    limit = hard or soft
    return max(0, limit - used) * 1024 if limit else None


def _answer(command: list[str]) -> str:
    """A file system that does not answer in time is one whose quota is not known."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=LFS_LIMIT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
