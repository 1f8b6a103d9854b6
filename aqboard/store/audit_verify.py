"""Is the audit log whole, and are the rows that it tells of still the ones that were written?"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pydantic import ValidationError
from sqlite_utils import Database

from aqboard.domain.model import Record, digest
from aqboard.store.audit import COVERED, START, UNTOLD, Entry, entries, rows_digest
from aqboard.store.sqlite.transaction import reading


class Anchor(NamedTuple):
    """An entry's number and hash, as they were kept outside the database."""

    seq: int
    hash: str
    where: str
    attempt: str = ""
    """The uid of the attempt whose script keeps it; empty for one that a person kept of this very log."""


class AuditFault(Record):
    """One thing that is not as it was written. `seq` is the entry it was found at."""

    seq: int | None
    what: str


class AuditReport(Record):
    """What `verify` saw. The log is whole when there are no faults."""

    entries: int
    head: str
    """Hash of the last entry: keep it outside, and give it back to a later `verify`."""
    anchors: int
    """Hashes kept elsewhere that were compared."""
    others: int
    """Hashes in scripts of attempts that this database does not hold."""
    faults: tuple[AuditFault, ...]

    @property
    def note(self) -> str:
        """A sentence about the scripts that say nothing of this log; empty where there are none."""
        if not self.others:
            return ""
        what = "1 script was" if self.others == 1 else f"{self.others} scripts were"
        return (
            f"{what} not compared: this database does not hold the attempt. Either another database writes into the "
            "same folder, or an attempt was removed from this one together with all that the log told of it."
        )


def verify(db: Database, anchors: Iterable[Anchor] = ()) -> AuditReport:
    """Follow the chain from its start, compare every row it tells of, and look for rows that it does not tell of.

    Others may write meanwhile. The anchors are collected first, so that the log holds at least what they name; then all
    is read as it was at one moment.
    """
    kept = tuple(anchors)
    with reading(db), _any_text(db):
        return _report(db, kept)


def _report(db: Database, kept: tuple[Anchor, ...]) -> AuditReport:
    faults: list[AuditFault] = []
    told: dict[str, list[tuple[int, int]]] = {table: [] for table in COVERED}
    hashes: dict[int, str] = {}
    previous, expected = START, 1
    try:
        for entry in entries(db):
            faults += _chain_faults(entry, previous, expected)
            faults += _payload_faults(db, entry)
            if span := _span(entry):
                told[entry.source].append(span)
            hashes[entry.seq] = entry.hash
            previous, expected = entry.hash, entry.seq + 1
    except ValidationError as error:
        faults.append(AuditFault(seq=expected, what=f"Entry {expected} is not an entry: {error.errors()[0]['msg']}."))
    faults += _rows_without_entry(db, told)
    own = tuple(anchor for anchor in kept if _of_this_log(db, hashes, anchor))
    faults += _anchor_faults(hashes, own)
    return AuditReport(
        entries=len(hashes), head=previous, anchors=len(own), others=len(kept) - len(own), faults=tuple(faults)
    )


@contextmanager
def _any_text(db: Database) -> Iterator[None]:
    """Read texts that are not UTF-8 too: whoever changed one gets a fault, not an error."""
    usual = db.conn.text_factory
    db.conn.text_factory = lambda text: text.decode("utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        db.conn.text_factory = usual


def _chain_faults(entry: Entry, previous: str, expected: int) -> list[AuditFault]:
    faults = []
    if entry.seq != expected:
        gone = f"{expected}" if entry.seq == expected + 1 else f"{expected} to {entry.seq - 1}"
        faults.append(AuditFault(seq=entry.seq, what=f"Before entry {entry.seq}, entry {gone} is missing."))
    elif entry.previous != previous:
        what = f"Entry {entry.seq} does not follow entry {entry.seq - 1}: it names another hash before it."
        faults.append(AuditFault(seq=entry.seq, what=what))
    if entry.computed_hash() != entry.hash:
        what = f"Entry {entry.seq} ({_about(entry)}) was changed: its hash does not fit what it says."
        faults.append(AuditFault(seq=entry.seq, what=what))
    return faults


def _payload_faults(db: Database, entry: Entry) -> list[AuditFault]:
    if not entry.source:
        fits, whose = digest(entry.detail) == entry.payload_digest, "its details"
    elif span := _span(entry):
        fits = rows_digest(db, entry.source, *span) == entry.payload_digest
        whose = f"{entry.source}, {_rows(*span)}"
    else:
        fits, whose = False, f"the rows it names in {entry.source!r}"
    if fits:
        return []
    what = f"What entry {entry.seq} tells of ({_about(entry)}) is not what was written: {whose}."
    return [AuditFault(seq=entry.seq, what=what)]


def _span(entry: Entry) -> tuple[int, int] | None:
    """Keys of the first and last row that an entry tells of; None when it names none that a log can tell of."""
    if entry.source not in COVERED or entry.first_row is None or entry.last_row is None:
        return None
    return entry.first_row, entry.last_row


def _rows_without_entry(db: Database, told: dict[str, list[tuple[int, int]]]) -> list[AuditFault]:
    faults = []
    for table, spans in told.items():
        which = f"NOT ({UNTOLD[table]})" if table in UNTOLD else "TRUE"
        key = COVERED[table][0]
        keys = [row[0] for row in db.conn.execute(f"SELECT {key} FROM {table} WHERE {which} ORDER BY {key}")]
        covered: set[int] = set()
        for first, last in spans:  # what an entry claims may be anything, so its numbers are never counted through
            covered.update(keys[bisect_left(keys, first) : bisect_right(keys, last)])
        faults += [
            AuditFault(seq=None, what=f"{table}, row {key}: no entry tells of it; it was written past the log.")
            for key in keys
            if key not in covered
        ]
    return faults


def _of_this_log(db: Database, hashes: dict[int, str], anchor: Anchor) -> bool:
    """Whether an anchor can say anything here: several databases may write their scripts into one folder."""
    if not anchor.attempt or hashes.get(anchor.seq) == anchor.hash:
        return True
    return db.conn.execute("SELECT 1 FROM attempts WHERE uid = ?", [anchor.attempt]).fetchone() is not None


def _anchor_faults(hashes: dict[int, str], anchors: tuple[Anchor, ...]) -> list[AuditFault]:
    faults = []
    for anchor in anchors:
        if anchor.seq not in hashes:
            what = (
                f"Entry {anchor.seq} is gone: {anchor.where} keeps its hash, the log ends at {max(hashes, default=0)}."
            )
            faults.append(AuditFault(seq=anchor.seq, what=what))
        elif hashes[anchor.seq] != anchor.hash:
            what = (
                f"Entry {anchor.seq} is not the one whose hash {anchor.where} keeps: the log was written anew, or that "
                "is another database's."
            )
            faults.append(AuditFault(seq=anchor.seq, what=what))
    return faults


def _rows(first: int, last: int) -> str:
    return f"row {first}" if first == last else f"rows {first} to {last}"


def _about(entry: Entry) -> str:
    """What an entry is about, in characters that can be printed whatever was put there."""
    return f"{entry.action}, {entry.subject}".encode("utf-8", "backslashreplace").decode()
