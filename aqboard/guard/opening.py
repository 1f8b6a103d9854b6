"""Open a file that may be anything: a folder, a pipe that nobody writes to, a device, a link."""

import os
import stat
from pathlib import Path
from typing import BinaryIO


class NotRegular(OSError):
    """Something else than a file has that name."""


def open_regular(path: Path, *, follow_links: bool = True) -> BinaryIO:
    """The file, to read. Waits for nothing; raises NotRegular, and OSError as `open` does."""
    links = 0 if follow_links else os.O_NOFOLLOW
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | links)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegular(f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb")
