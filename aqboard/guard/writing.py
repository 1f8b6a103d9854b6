"""Write a small file whole or not at all, so that nobody ever reads half of it."""

import os
import sys
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str) -> bool:
    """Write, flush and rename; False, with a line on stderr, when that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            Path(draft).chmod(0o644)  # a team reads it, not only who launched
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        print(f"aqboard: {path} cannot be written ({error.strerror}).", file=sys.stderr)
        return False
    return True
