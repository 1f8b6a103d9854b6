"""Append rows that belong to an attempt."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlite_utils import Database

Row = dict[str, object]


def insert(db: Database, table: str, uid: str, rows: Sequence[Row]) -> tuple[str, int, int] | None:
    """Append `rows` for the attempt `uid`; the table with the first and last new id, or None without rows.

    Called inside a transaction that holds the write lock, so the new ids follow each other.
    """
    now = datetime.now(UTC).isoformat()
    before = _last(db, table)
    db.table(table).insert_all({"attempt": uid, "recorded_at": now, **row} for row in rows)
    return (table, before + 1, _last(db, table)) if rows else None


def _last(db: Database, table: str) -> int:
    (last,) = db.conn.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
    assert isinstance(last, int)
    return last
