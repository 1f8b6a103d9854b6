"""Throw-away packages: really installed ones, as far as Python can tell."""

from collections.abc import Mapping
from pathlib import Path


def install(folder: Path, name: str, entries: str, files: Mapping[str, str] | None = None, **modules: str) -> None:
    """What pip leaves behind: modules (by name) and files (by path) on the path, and a dist-info folder beside them."""
    for path, text in {**{f"{module}.py": code for module, code in modules.items()}, **(files or {})}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(entries)
