"""Plan files that the board may start from: those that lie directly in a folder its owner allows (decision 0041)."""

from collections.abc import Iterable
from pathlib import Path

NAMES = ("*.yaml", "*.yml")
SECTIONS = (b"target:", b"checkpoint:", b"baseline:")
"""Sections that every plan has, at the beginning of a line."""
HEAD_BYTES = 1 << 16


def plan_files(roots: Iterable[str]) -> tuple[Path, ...]:
    """YAML files with a plan's sections, by name; a link that leads out of its folder is left out."""
    found = (file for root in roots for pattern in NAMES for file in Path(root).glob(pattern))
    return tuple(sorted({file for file in found if _is_plan(file)}))


def _is_plan(file: Path) -> bool:
    try:
        if not file.is_file() or file.resolve().parent != file.parent.resolve():
            return False
        with file.open("rb") as opened:
            lines = opened.read(HEAD_BYTES).splitlines()
    except OSError:
        return False
    return all(any(line.startswith(section) for line in lines) for section in SECTIONS)
