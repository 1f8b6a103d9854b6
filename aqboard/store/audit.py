"""The audit log: who did what, in rows of which each holds the hash of the one before.

An entry is written in the transaction of what it tells, and holds a digest of the very rows that were written. So
a row that was changed, lost, swapped or slipped in later is found and located by `aqboard.store.audit_verify`.
What a chain alone cannot show is that its end was cut off, or that all of it was written anew: for that the newest
hash is kept outside, in every released script and in what `aqboard audit export` printed (see docs/signing.md).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from pydantic import AwareDatetime
from sqlite_utils import Database

from aqboard.domain.identity import Identity
from aqboard.domain.model import Record, canonical, digest
from aqboard.settings import login_name

COVERED: dict[str, tuple[str, ...]] = {
    "attempts": ("number", "uid", "name", "author", "created_at", "checks", "gpus", "data"),
    "outcomes": ("id", "attempt", "recorded_at", "probe", "status", "seconds", "data"),
    "findings": ("id", "attempt", "recorded_at", "check_id", "verdict", "severity", "data"),
    "signoffs": ("id", "attempt", "recorded_at", "person", "decision", "seal", "data"),
    "scripts": ("id", "attempt", "recorded_at", "seal", "path", "text"),
    "waivers": ("id", "attempt", "recorded_at", "uid", "check_id", "person", "expires_at", "data"),
    "waiver_answers": ("id", "attempt", "recorded_at", "waiver", "person", "answer", "data"),
    "accounts": ("id", "recorded_at", "name", "person", "roles", "password", "disabled"),
    "sessions": ("number", "uid", "attempt", "backend", "folder", "imported", "recorded_at", "data"),
    "session_closings": ("id", "session", "recorded_at", "state", "why", "by_itself"),
    "jobs": ("id", "attempt", "recorded_at", "job", "role", "data"),
    "job_sightings": ("id", "attempt", "recorded_at", "job", "state", "data"),
    "job_verdicts": ("id", "attempt", "recorded_at", "job", "data"),
    "job_settlements": ("id", "attempt", "recorded_at", "job", "state", "person", "data"),
}
"""Tables whose every row an entry tells of, and the columns that its digest is taken over; the first is the key.

Columns that a later migration adds are not covered by entries that were written before, so they are never added
here: put what must be covered into a table of its own.
"""

UNTOLD = {"job_sightings": "state = 'PENDING'"}
"""Rows of those tables that need no entry: when a waiting job may start Slurm guesses anew with every look."""

START = "0" * 64
"""What the first entry names as the hash before it."""


class Entry(Record):
    """One row of the log."""

    seq: int
    """1, 2, 3, ... without a gap."""
    time: AwareDatetime
    actor: str
    identified_by: str
    action: str
    subject: str
    """What it is about, e.g. `attempt 3`."""
    source: str = ""
    """The table whose rows it tells of; empty where there are none."""
    first_row: int | None = None
    last_row: int | None = None
    detail: str = ""
    """A few facts as JSON, for people."""
    payload_digest: str
    """Of the rows in `source`, or of `detail` where there are none."""
    previous: str
    hash: str

    def computed_hash(self) -> str:
        """What `hash` must be."""
        return digest(self.model_dump(mode="json", exclude={"hash"}))


def process_owner() -> Identity:
    """Who runs this process, as its operating system says."""
    login = login_name()
    return Identity(person=login, subject=login, identified_by="os-user")


def record(
    db: Database,
    action: str,
    subject: str,
    *,
    actor: Identity | None = None,
    rows: tuple[str, int, int] | None = None,
    now: datetime | None = None,
    facts: Mapping[str, object] | None = None,
) -> Entry:
    """Append one entry; called inside the transaction that writes `rows`, which are (table, first, last) by key.

    `actor` is the owner of this process unless somebody else was identified. `facts` are a few words for people.
    """
    who = actor or process_owner()
    end = db.conn.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = end or (0, START)
    told = canonical(facts) if facts else ""
    source, first_row, last_row = rows or ("", None, None)
    unsealed = Entry(
        seq=seq + 1,
        time=now or datetime.now(UTC),
        actor=who.label,
        identified_by=who.identified_by,
        action=action,
        subject=subject,
        source=source,
        first_row=first_row,
        last_row=last_row,
        detail=told,
        payload_digest=rows_digest(db, *rows) if rows else digest(told),
        previous=previous,
        hash="",
    )
    entry = unsealed.model_copy(update={"hash": unsealed.computed_hash()})
    db.table("audit").insert({**entry.model_dump(), "time": entry.model_dump(mode="json")["time"]})
    return entry


def newest(db: Database) -> Entry | None:
    """The last entry; None in a new database."""
    return next(entries(db, newest_first=True), None)


def entries(db: Database, *, newest_first: bool = False) -> Iterator[Entry]:
    """Entries as they are in the table, oldest first; read from the database one by one."""
    order = "DESC" if newest_first else "ASC"
    columns = tuple(Entry.model_fields)
    for row in db.conn.execute(f"SELECT {', '.join(columns)} FROM audit ORDER BY seq {order}"):
        yield Entry.model_validate(dict(zip(columns, row, strict=True)))


def rows_digest(db: Database, table: str, first: int, last: int) -> str:
    """Digest of the covered columns of the rows `first` to `last`, as they are in the database now."""
    columns = COVERED[table]
    found = db.conn.execute(
        f"SELECT {', '.join(columns)} FROM {table} WHERE {columns[0]} BETWEEN ? AND ? ORDER BY {columns[0]}",
        [first, last],
    ).fetchall()
    return digest([dict(zip(columns, map(_plain, row), strict=True)) for row in found])


def _plain(value: object) -> object:
    """A value that can be digested. No row of ours holds bytes; one that was changed behind our back may."""
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


def begin(db: Database, tables: Iterable[str], why: str) -> None:
    """Take what these tables hold already into the log, as it is now: nothing is known of who wrote it."""
    for table in tables:
        key = COVERED[table][0]
        first, last = db.conn.execute(f"SELECT min({key}), max({key}) FROM {table}").fetchone()
        if first is not None:
            record(db, "taken over", f"{why}: {table}", rows=(table, first, last))


def detail_of(entry: Entry) -> dict[str, object]:
    """The entry's facts."""
    facts: dict[str, object] = json.loads(entry.detail) if entry.detail else {}
    return facts
