"""Write a small file whole or not at all, so that nobody ever reads half of it."""

import sys
from pathlib import Path

from aqboard import files


def write_whole(path: Path, text: str) -> bool:
    """Write, flush and rename; False, with a line on stderr, when that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_whole(path, text, mode=0o644)  # a team reads it, not only who launched
    except OSError as error:
        print(f"aqboard: {path} cannot be written ({error.strerror}).", file=sys.stderr)
        return False
    return True
