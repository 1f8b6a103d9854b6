"""Walk over big folder trees for files of a name and date.

Protects against trees that lead elsewhere: folder links are not followed, file links only when they stay under the
root. What cannot be entered is counted and named, never skipped in silence.
"""

import fnmatch
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aqboard.domain.hunt import WalkReport
from aqboard.readers.errors import ReadError
from aqboard.readers.limits import LIMITS

Progress = Callable[[int, int], None]
"""Called with folders entered and candidates found so far."""

_NAMED = 1_000  # names kept of what was left out


@dataclass(frozen=True)
class Wanted:
    """Which files count: any of the glob patterns (case does not matter), modified in [newer, older) s since 1970."""

    names: tuple[str, ...] = ("*cache*",)
    newer: float | None = None
    older: float | None = None
    largest: int = LIMITS.pickle_bytes

    def matches_name(self, name: str) -> bool:
        """Whether a file's name fits one of the patterns."""
        return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in self.names)

    def matches_date(self, mtime: float) -> bool:
        """Whether a modification time lies in the window."""
        return (self.newer is None or mtime >= self.newer) and (self.older is None or mtime < self.older)


@dataclass
class _Tally:
    folders: int = 0
    files: int = 0
    candidates: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)


def walk(roots: Iterable[str | Path], wanted: Wanted, progress: Progress | None = None) -> WalkReport:
    """Find files below the roots. Raises ReadError (`not-found`) for a root that is not there."""
    tally = _Tally()
    tops = [Path(root) for root in roots]
    for top in tops:
        if not top.exists():
            raise ReadError(f"{top} does not exist; name a folder to search.", code="not-found")
        if top.is_file():
            tally.candidates.append(str(top))
            continue
        for folder in _folders(top, tally):
            tally.folders += 1
            _look_at_files(folder, top, wanted, tally)
            if progress is not None:
                progress(tally.folders, len(tally.candidates))
    return WalkReport(
        roots=tuple(str(top) for top in tops),
        folders=tally.folders,
        files=tally.files,
        candidates=tuple(dict.fromkeys(tally.candidates)),
        unreadable_folders=tuple(tally.unreadable[:_NAMED]),
        links_left_out=tuple(tally.links[:_NAMED]),
        too_large=tuple(tally.too_large[:_NAMED]),
    )


def _folders(top: Path, tally: _Tally) -> Iterator[list[os.DirEntry[str]]]:
    """The files of each folder below `top`, sorted; folders are taken in order, links to folders left out."""
    pending = [str(top)]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(here) as entries:
                content = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            tally.unreadable.append(here)
            continue
        inner = [entry.path for entry in content if entry.is_dir(follow_symlinks=False)]
        pending.extend(reversed(inner))
        yield [entry for entry in content if not entry.is_dir(follow_symlinks=False)]


def _look_at_files(entries: list[os.DirEntry[str]], top: Path, wanted: Wanted, tally: _Tally) -> None:
    for entry in entries:
        tally.files += 1
        if not wanted.matches_name(entry.name):
            continue
        if entry.is_symlink() and not _stays_under(entry.path, top):
            tally.links.append(entry.path)
            continue
        try:
            status = entry.stat()
        except OSError:
            tally.unreadable.append(entry.path)
            continue
        if not entry.is_file() or not wanted.matches_date(status.st_mtime):
            continue
        if status.st_size > wanted.largest:
            tally.too_large.append(entry.path)
        else:
            tally.candidates.append(entry.path)


def _stays_under(link: str, top: Path) -> bool:
    try:
        return Path(link).resolve(strict=True).is_relative_to(top.resolve())
    except (OSError, RuntimeError):
        return False
