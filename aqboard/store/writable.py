"""Could a database at this path take something new? Asked before minutes of work whose result it is to hold."""

import tempfile
from pathlib import Path

from aqboard.domain.errors import StoreError
from aqboard.store.access import access_to
from aqboard.store.faults import is_busy
from aqboard.store.store import Store
from aqboard.store.transaction import writing

ELSEWHERE = "Name another with --db or AQBOARD_DB, or ask whoever owns it."


def require_writable(path: Path) -> None:
    """Raise StoreError when the database at `path` may not be written, or not be made where there is none yet.

    A database that there is, is opened as for any other work; none is made, and no file is left behind. One that
    somebody holds just now counts as writable: whoever writes later waits for it.
    """
    try:
        there = path.exists()
        if there and not path.is_file():
            raise StoreError(f"{path} is a {'folder' if path.is_dir() else 'device or pipe'}; --db names a file.")
    except OSError as error:
        raise StoreError(f"The database {path} cannot be reached: {error.strerror}.") from None
    if access_to(path).read_only:
        raise StoreError(f"The database {path} can take nothing new: this user may not write it. {ELSEWHERE}")
    if there:
        _try_to_write(path)
    else:
        _try_to_make(path)


def _try_to_write(path: Path) -> None:
    try:
        with Store(path, wait_s=0.0) as store, writing(store.db):
            pass
    except StoreError as error:
        if not is_busy(error):
            raise


def _try_to_make(path: Path) -> None:
    """By making a file without a name: on some shared file systems, rights that are shown are not those that count."""
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be made: no file can be written in {folder} ({error.strerror}). {ELSEWHERE}"
        ) from None
