"""What a hostile or broken file is: how to make it, and with which code each reader must refuse it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """`content` is the file's bytes, or a function that makes something at a path.

    `cache` and `checkpoint` are the codes with which the two readers refuse it; empty where it is read as harmless.
    """

    name: str
    content: bytes | Callable[[Path], object]
    cache: str
    checkpoint: str

    def write(self, folder: Path) -> Path:
        """Make the file in a folder."""
        path = folder / self.name
        if isinstance(self.content, bytes):
            path.write_bytes(self.content)
        else:
            self.content(path)
        return path
