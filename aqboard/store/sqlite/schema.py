"""Whose database is it, which schema does it have, and the way from an older one to this program's."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from aqboard.domain.errors import StoreError
from aqboard.store.migrations import MIGRATIONS, NAMES
from aqboard.store.sqlite.access import Access, connected
from aqboard.store.sqlite.backup import make_backup
from aqboard.store.sqlite.transaction import writing

APPLICATION_ID = 0x41514244  # "AQBD", SQLite's own field for telling one program's files from another's


def require_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError for a database of another program."""
    connection.execute("BEGIN")  # both answers from one moment: another process may be making the database just now
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("COMMIT")
    if tables and application != APPLICATION_ID:
        raise StoreError(
            f"{path} is an SQLite database of another program. Nothing was changed; name another with --db."
        )


def applied(db: Database) -> list[str]:
    """The steps that a database has seen, in order."""
    return [migration.name for migration in MIGRATIONS.applied(db)]


def bring_up_to_date(db: Database, path: Path, access: Access) -> None:
    """Apply the steps that are missing, all or none; before that, a database with something in it is backed up."""
    known = applied(db)
    unknown = [name for name in known if name not in NAMES]
    if unknown:
        raise StoreError(
            f"{path} was written by a newer aqboard: its schema has {unknown[-1]!r}, "
            f"this one knows up to {NAMES[-1]!r}. Update aqboard; nothing was changed."
        )
    if len(known) == len(NAMES):
        return
    if access.read_only:
        raise StoreError(
            f"{path} was written by an older aqboard (its schema ends with {known[-1] if known else 'nothing'!r}, this "
            f"one's with {NAMES[-1]!r}) and may not be written by this user. Somebody who may has to open it once."
        )
    # Several processes may open an old or new database at once: the lock makes one migrate and the others find it done.
    with writing(db):
        known = applied(db)
        if known and len(known) < len(NAMES):
            with closing(connected(path, access)) as source:
                make_backup(source, path, known[-1])
        db.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        MIGRATIONS.apply(db)
