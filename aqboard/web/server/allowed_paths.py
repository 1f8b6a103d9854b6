"""Which files of this machine the board reads for whoever reaches it (decision 0041).

Only what lies below folders that a plan names or that the person who serves the board allows: everything that turns
words from a browser into a path does it here.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from aqboard.domain.plan import LaunchPlan
from aqboard.lint.parse.source import Unreadable, read_text
from aqboard.settings import search_roots

PLAN_NAMES = ("*.yaml", "*.yml")
PLAN_SECTIONS = (b"target:", b"checkpoint:", b"baseline:")
"""Sections that every plan has, at the beginning of a line."""
HEAD_BYTES = 1 << 16


def allowed_roots(plan: LaunchPlan | None = None, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Folders that may be read: those of the plan's files, and what the person who serves the board allows.

    Folders that are not there are left out. The board takes no other path from a form: whoever reaches it would read
    names of any file that its owner may see.
    """
    files = plan.input_files() if plan else ()
    folders = [*(path.parent for _, path in files), *search_roots(environment)]
    return tuple(dict.fromkeys(str(folder) for folder in folders if folder.is_dir()))


def below(roots: Iterable[str], name: str) -> Path | None:
    """The existing file or folder `name`, absolute or relative to one of `roots`; None unless it lies inside one.

    Links and `..` are followed first, so the answer is where the file really is.
    """
    real = [Path(root).resolve() for root in roots]
    try:
        tried = [(root / name.strip()).resolve() for root in real]
        inside = [path for path in tried if any(path.is_relative_to(root) for root in real)]
        return next((path for path in inside if path.exists()), None)
    except (OSError, ValueError, RuntimeError):  # too long, a null byte, links in a circle
        return None


def read_below(roots: Iterable[str], name: str) -> str:
    """The text of the script `name` below one of `roots`.

    Raises Unreadable for a path that is not `below` them, and as `read_text` does.
    """
    found = below(roots, name)
    if found is None:
        # One sentence for both, so that nobody can ask which files exist elsewhere.
        raise Unreadable(f"There is no such file below the folders that this board may read: {name[:200]}.")
    return read_text(found)


def plan_files(roots: Iterable[str]) -> tuple[Path, ...]:
    """Plans that lie directly in one of `roots`, by name: YAML files with a plan's sections, really in that folder."""
    found = (file for root in roots for pattern in PLAN_NAMES for file in Path(root).glob(pattern))
    return tuple(sorted({file for file in found if _is_plan(file)}))


def _is_plan(file: Path) -> bool:
    try:
        if not file.is_file() or file.resolve().parent != file.parent.resolve():
            return False
        with file.open("rb") as opened:
            lines = opened.read(HEAD_BYTES).splitlines()
    except (OSError, RuntimeError):
        return False
    return all(any(line.startswith(section) for line in lines) for section in PLAN_SECTIONS)
