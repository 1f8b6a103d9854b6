"""The audit log for people: verify it against the copies of its hashes, and export it."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from aqboard.domain.errors import StoreError
from aqboard.location import scripts_folder
from aqboard.store import Store
from aqboard.store.audit import Entry, entries
from aqboard.store.audit_verify import Anchor, AuditReport, verify

_IN_SCRIPT = re.compile(r"^# Audit +(\d+) ([0-9a-f]{64})$", re.MULTILINE)
_OF_ATTEMPT = re.compile(r"^# Attempt +([0-9a-f]{32}),", re.MULTILINE)
_GIVEN = re.compile(r"(\d+)[ :]([0-9a-f]{64})")


def verified(store: Store, given: Iterable[str] = ()) -> AuditReport:
    """Verify the log. Every script that was ever let out and still lies in the folder for scripts is an anchor;
    `given` are more of them, `NUMBER:HASH`, as `export` printed them. Raises StoreError for one that is none.
    """
    return verify(store.db, (*_from_scripts(store.path), *map(_anchor, given)))


def exported(store: Store) -> Iterator[str]:
    """Every entry as one line of JSON, oldest first."""
    for entry in entries(store.db):
        yield entry.model_dump_json()


def log(store: Store, *, most: int, subject: str = "") -> tuple[Entry, ...]:
    """The newest `most` entries, newest first; with `subject` those about it."""
    found = (e for e in entries(store.db, "ORDER BY seq DESC") if subject in ("", e.subject))
    return tuple(islice(found, most))


def _from_scripts(database: Path) -> Iterator[Anchor]:
    folder = scripts_folder(database)
    for path in sorted([*folder.rglob("*.sbatch"), *folder.rglob("*.withdrawn")]):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        of = _OF_ATTEMPT.search(text)
        for seq, kept in _IN_SCRIPT.findall(text):
            yield Anchor(int(seq), kept, f"the script {path.relative_to(folder)}", of[1] if of else "")


def _anchor(text: str) -> Anchor:
    found = _GIVEN.fullmatch(text.strip())
    if found is None:
        raise StoreError(f"{text!r} is no entry's number and hash; write NUMBER:HASH as `aqboard audit export` told.")
    return Anchor(int(found[1]), found[2], "the anchor you gave")
