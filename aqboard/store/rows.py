"""Read rows, append rows, and tell the audit log of them. What every module of this package does with a database.

Appending and telling belong into one transaction of the caller's, which holds the write lock: so new keys follow each
other, and there is no row without its entry.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlite_utils import Database

from aqboard.domain.identity import Identity
from aqboard.store import audit

Row = Mapping[str, object]

Span = tuple[str, int, int]
"""A table with the first and last key of rows that were appended to it together."""


def query(db: Database, sql: str, *parameters: object) -> list[tuple[str, ...]]:
    """Every row that `sql` finds. `sql` is ours, never a user's; values are bound."""
    rows: list[tuple[str, ...]] = db.conn.execute(sql, parameters).fetchall()
    return rows


def insert(db: Database, table: str, row: Row) -> int:
    """Append one row as it is; its key."""
    marks = ", ".join("?" * len(row))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
    key = db.conn.execute(statement, tuple(row.values())).lastrowid
    assert key is not None
    return key


def append(db: Database, table: str, uid: str, *rows: Row) -> Span | None:
    """Append rows that belong to the attempt `uid`, with the time; where they are now, or None without rows."""
    moment = now_text()
    keys = [insert(db, table, {"attempt": uid, "recorded_at": moment, **row}) for row in rows]
    return (table, keys[0], keys[-1]) if keys else None


def tell(
    db: Database,
    action: str,
    uid: str,
    facts: Mapping[str, object],
    rows: Span | None = None,
    actor: Identity | None = None,
) -> None:
    """Put into the audit log what was done to the attempt `uid`, and which rows say so.

    `facts`: a few words for people. `actor`: who did it; the owner of this process where nobody else was identified.
    """
    found = query(db, "SELECT number FROM attempts WHERE uid = ?", uid)
    subject = f"attempt {found[0][0]}" if found else uid
    audit.record(db, action, subject, actor=actor, rows=rows, facts=facts)


def now_text() -> str:
    """The present as it is stored."""
    return datetime.now(UTC).isoformat()
