"""Import a session that ran elsewhere: its folder is copied beside the database, and read like any other."""

import tempfile
from pathlib import Path

from aqboard.domain.errors import SessionError
from aqboard.domain.session.check_session import SessionStatus
from aqboard.sessions.backend import EVENTS
from aqboard.sessions.control import require_writable_place, sessions_folder
from aqboard.sessions.foreign_folder import Copy, take_copy
from aqboard.sessions.ingest import PATIENT, RetryPolicy, ingest
from aqboard.store import Store
from aqboard.store.sessions import SessionRow, Sessions


def import_folder(
    store: Store, source: Path, *, unfinished: bool = False, patience: RetryPolicy = PATIENT
) -> tuple[SessionRow, SessionStatus]:
    """Import a copied folder; importing it again, or when it has grown, adds what is new and nothing else.

    Raises SessionError, and stores nothing, for a folder that is damaged, hostile, or contradicts what is known.
    """
    require_writable_place(store.path)
    root = sessions_folder(store.path)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".import-", dir=root) as staging:
            copy = take_copy(source, Path(staging), unfinished=unfinished)
            folder = _take_over(copy, root)
    except OSError as error:
        raise SessionError(f"{source} cannot be copied to {root}: {error.strerror}.") from None
    row = patience.run(lambda: Sessions(store).add(copy.session, copy.attempt, folder, imported=True))
    return row, ingest(store, row, patience=patience)


def _take_over(copy: Copy, root: Path) -> Path:
    """Give the copy its place. Where files are there already, one must begin the other, and the longer one stays."""
    place = root / copy.session.uid
    place.mkdir(exist_ok=True)
    new = sorted(
        copy.folder.iterdir(), key=lambda file: file.name == EVENTS
    )  # the events last: they vouch for the rest
    for file in new:
        if not _one_begins_the_other(file, place / file.name):
            raise SessionError(
                f"Session {copy.session.uid[:12]} is known with another {file.name}: see {place}. Nothing was changed."
            )
    for file in new:
        if not _size(place / file.name) > file.stat().st_size:
            file.replace(place / file.name)
    return place


def _one_begins_the_other(one: Path, other: Path) -> bool:
    if not other.exists():
        return True
    left = min(_size(one), _size(other))
    with one.open("rb") as a, other.open("rb") as b:
        while left:
            part = min(left, 1 << 20)
            if a.read(part) != b.read(part):
                return False
            left -= part
    return True


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1
