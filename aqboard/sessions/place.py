"""Is there a place for what a session will find? Asked first, because reading the inputs can take minutes."""

import tempfile
from pathlib import Path

from aqboard.domain.errors import SessionError
from aqboard.sessions.control import sessions_folder
from aqboard.store.writable import require_writable


def require_place(database: Path) -> None:
    """Raise StoreError or SessionError when the database, or the sessions' folder beside it, can take nothing new."""
    require_writable(database)
    folder = sessions_folder(database)
    if not folder.exists():  # it will be made beside the database, where files can be made
        return
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise SessionError(
            f"The folder {folder}, where sessions keep what they find, cannot be written ({error.strerror}). "
            "Ask its owner, or name another database with --db."
        ) from None
