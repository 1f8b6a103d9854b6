"""Every rule by which the log is verified, one by one: all is as it should be but for one thing."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from aqboard.domain.session.events import ProbeOutcome
from aqboard.store import Store
from aqboard.store.accounts import add_refused_login
from aqboard.store.audit import entries
from aqboard.store.audit_verify import Anchor, AuditReport, verify
from aqboard.store.jobs import Jobs
from aqboard.store.signing import add_withdrawal
from aqboard.store.sqlite.transaction import writing
from tests import samples
from tests.store.test_jobs import sighting, submission

UID = samples.attempt().uid
STRANGER = "9" * 32
"""An attempt that is not in the database."""
PAST = "no entry tells of it; it was written past the log."


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven entries: 1 attempt, 2 findings 1 to 3, 3 and 4 without rows, 5 findings 4 to 5, 6 outcome 1, 7 job 1.

    And a sighting of a waiting job, which needs no entry.
    """
    path = tmp_path_factory.mktemp("written") / "board.db"
    with Store(path, create=True) as store:
        number = store.add_attempt(samples.attempt())
        store.add_findings(UID, [samples.finding(check) for check in "abc"])
        add_refused_login(store.db, "grace", samples.WHEN)
        add_withdrawal(store.db, store.attempt(number), ("launch.sbatch",), "the plan changed")
        store.add_findings(UID, [samples.finding(check) for check in "ab"])
        store.add_outcome(UID, ProbeOutcome(probe="curve", status="broke", message="x"))
        Jobs(store).add(submission())
        Jobs(store).add_sighting(UID, sighting("PENDING", reason="Priority"))
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
    return path


@pytest.fixture
def path(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(written, tmp_path / "board.db"))


def report_on(path: Path, *anchors: Anchor) -> AuditReport:
    with Store(path) as store:
        return verify(store.db, anchors)


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for statement in statements:
            raw.execute(statement)


def seal_anew(path: Path, first: int = 1) -> None:
    """Make the hashes fit from the entry `first` on, as a forger would."""
    with Store(path) as store, writing(store.db):
        previous = "0" * 64
        for entry in list(entries(store.db)):
            if entry.seq >= first:
                kept = entry if entry.seq == first and first > 1 else entry.model_copy(update={"previous": previous})
                entry = kept.model_copy(update={"hash": kept.computed_hash()})
                values = [entry.previous, entry.hash, entry.seq]
                store.db.execute("UPDATE audit SET previous = ?, hash = ? WHERE seq = ?", values)
            previous = entry.hash


def faults(report: AuditReport) -> list[tuple[int | None, str]]:
    return [(fault.seq, fault.what) for fault in report.faults]


def past(table: str, *keys: int) -> list[tuple[int | None, str]]:
    return [(None, f"{table}, row {key}: {PAST}") for key in keys]


def hash_of(path: Path, seq: int) -> str:
    with Store(path) as store:
        return next(entry.hash for entry in entries(store.db) if entry.seq == seq)


def test_a_whole_log_has_its_entries_counted_and_its_last_hash_named(path: Path) -> None:
    report = report_on(path)
    assert (report.entries, report.head, report.faults) == (7, hash_of(path, 7), ())
    assert (report.anchors, report.others, report.note) == (0, 0, "")


# --------------------------------------------------------------------------------------------- the chain


def test_each_gap_is_one_fault_that_says_how_much_is_missing(path: Path) -> None:
    change(path, "DELETE FROM audit WHERE seq = 4")
    assert faults(report_on(path)) == [(5, "Before entry 5, entry 4 is missing.")]
    change(path, "DELETE FROM audit WHERE seq = 3")
    report = report_on(path)
    assert faults(report) == [(5, "Before entry 5, entry 3 to 4 is missing.")]
    assert report.entries == 5


def test_an_entry_must_name_the_hash_before_it(path: Path) -> None:
    change(path, f"UPDATE audit SET previous = '{'f' * 64}' WHERE seq = 4")
    seal_anew(path, 4)
    assert faults(report_on(path)) == [(4, "Entry 4 does not follow entry 3: it names another hash before it.")]


def test_the_first_entry_must_name_the_start(path: Path) -> None:
    change(path, f"UPDATE audit SET previous = '{'f' * 64}' WHERE seq = 1")
    (first, second) = faults(report_on(path))
    assert first == (1, "Entry 1 does not follow entry 0: it names another hash before it.")
    assert second[1].startswith("Entry 1 (attempt added, attempt 1) was changed")


def test_a_hash_must_be_the_entrys_own(path: Path) -> None:
    change(path, f"UPDATE audit SET hash = '{'f' * 64}' WHERE seq = 4")
    report = report_on(path)
    assert faults(report) == [
        (4, "Entry 4 (script withdrawn, attempt 1) was changed: its hash does not fit what it says."),
        (5, "Entry 5 does not follow entry 4: it names another hash before it."),
    ]


def test_a_text_that_is_not_utf_8_is_a_fault_that_can_be_printed(path: Path) -> None:
    change(path, "UPDATE audit SET subject = CAST(x'41ff' AS TEXT), detail = CAST(x'ff' AS TEXT) WHERE seq = 6")
    report = report_on(path)
    assert faults(report) == [(6, r"Entry 6 (measured, A\udcff) was changed: its hash does not fit what it says.")]
    report.model_dump_json().encode()


@pytest.mark.parametrize("statement", ["time = 'soon'", "actor = x'ff'"])
def test_what_is_no_entry_ends_the_reading_there(path: Path, statement: str) -> None:
    change(path, f"UPDATE audit SET {statement} WHERE seq = 6")
    report = report_on(path)
    (first, *others) = faults(report)
    assert first[0] == 6 and first[1].startswith("Entry 6 is not an entry: Input should be a valid ")
    assert others == [*past("outcomes", 1), *past("jobs", 1)]
    assert (report.entries, report.head) == (5, hash_of_row(path, 5))


def hash_of_row(path: Path, seq: int) -> str:
    with closing(sqlite3.connect(path)) as raw:
        (found,) = raw.execute("SELECT hash FROM audit WHERE seq = ?", [seq]).fetchone()
        return str(found)


# ------------------------------------------------------------------------------- the rows that entries tell of


@pytest.mark.parametrize(
    ("statement", "seq", "what"),
    [
        ("UPDATE attempts SET name = 'x'", 1, "(attempt added, attempt 1) is not what was written: attempts, row 1."),
        ("UPDATE findings SET verdict = 'fail' WHERE id = 3", 2, "written: findings, rows 1 to 3."),
        ("DELETE FROM findings WHERE id = 4", 5, "written: findings, rows 4 to 5."),
        ("UPDATE outcomes SET data = CAST(data AS BLOB)", 6, "written: outcomes, row 1."),
        ("UPDATE outcomes SET data = CAST(x'ff' AS TEXT)", 6, "written: outcomes, row 1."),
        ("UPDATE outcomes SET seconds = 'inf'", 6, "written: outcomes, row 1."),
    ],
)
def test_a_changed_row_is_one_fault_at_its_entry(path: Path, statement: str, seq: int, what: str) -> None:
    change(path, statement)
    ((where, said),) = faults(report_on(path))
    assert where == seq
    assert said.startswith(f"What entry {seq} tells of (") and said.endswith(what)


@pytest.mark.parametrize(("seq", "subject"), [(3, "login refused, account grace"), (4, "script withdrawn, attempt 1")])
def test_details_without_rows_have_a_digest_too(path: Path, seq: int, subject: str) -> None:
    change(path, f"UPDATE audit SET detail = '{{}}' WHERE seq = {seq}")
    seal_anew(path)
    said = f"What entry {seq} tells of ({subject}) is not what was written: its details."
    assert faults(report_on(path)) == [(seq, said)]


@pytest.mark.parametrize("claim", ["source = 'nowhere'", "source = 'audit'", "first_row = NULL", "last_row = NULL"])
@pytest.mark.parametrize("digest", ["payload_digest", "''"])
def test_an_entry_that_names_no_rows_of_ours_is_a_fault_and_covers_none(path: Path, claim: str, digest: str) -> None:
    change(path, f"UPDATE audit SET {claim}, payload_digest = {digest} WHERE seq = 2")
    seal_anew(path)
    source = claim.partition("'")[2].rstrip("'") or "findings"
    ((seq, said), *others) = faults(report_on(path))
    assert seq == 2 and said.endswith(f"is not what was written: the rows it names in {source!r}.")
    assert others == past("findings", 1, 2, 3)


def test_an_entry_about_no_table_covers_no_rows(path: Path) -> None:
    change(path, "UPDATE audit SET first_row = 1, last_row = 9 WHERE seq = 3")
    seal_anew(path)
    assert faults(report_on(path)) == []


def test_a_claim_of_more_rows_than_there_can_be_is_no_work(path: Path) -> None:
    change(path, f"UPDATE audit SET last_row = {2**63 - 1} WHERE seq = 5")
    assert [seq for seq, _ in faults(report_on(path))] == [5]


def test_a_claim_from_the_end_to_the_start_covers_nothing(path: Path) -> None:
    change(path, "UPDATE audit SET first_row = 5, last_row = 4 WHERE seq = 5")
    seal_anew(path)
    ((seq, _), *others) = faults(report_on(path))
    assert (seq, others) == (5, past("findings", 4, 5))


# --------------------------------------------------------------------------- rows that no entry tells of


COLUMNS = "attempt, recorded_at, check_id, verdict, severity, data"
FINDING = f"INSERT INTO findings SELECT {{}}, {COLUMNS} FROM findings WHERE id = 1"
SIGHTING = "INSERT INTO job_sightings SELECT {}, attempt, recorded_at, job, '{}', data FROM job_sightings WHERE id = 1"


def test_every_row_before_between_and_after_is_named_in_order(path: Path) -> None:
    change(path, FINDING.format(7), FINDING.format(6), FINDING.format(-2), FINDING.format(0))
    assert faults(report_on(path)) == past("findings", -2, 0, 6, 7)


def test_only_a_waiting_jobs_guesses_need_no_entry(path: Path) -> None:
    change(path, SIGHTING.format(2, "PENDING"))
    assert faults(report_on(path)) == []
    change(path, SIGHTING.format(3, "RUNNING"))
    assert faults(report_on(path)) == past("job_sightings", 3)


# --------------------------------------------------------------------------------- hashes kept elsewhere


def test_a_hash_that_was_kept_must_be_the_one_in_the_log(path: Path) -> None:
    right = Anchor(4, hash_of(path, 4), "a note")
    assert (report_on(path, right).anchors, faults(report_on(path, right))) == (1, [])
    wrong, gone = Anchor(4, "f" * 64, "a note"), Anchor(8, "f" * 64, "a note")
    report = report_on(path, wrong, right, gone)
    assert (report.anchors, report.others) == (3, 0)
    assert faults(report) == [
        (4, "Entry 4 is not the one whose hash a note keeps: the log was written anew, or that is another database's."),
        (8, "Entry 8 is gone: a note keeps its hash, the log ends at 7."),
    ]


def test_an_empty_log_ends_at_0(path: Path) -> None:
    change(path, "DELETE FROM audit")
    report = report_on(path, Anchor(1, "f" * 64, "a note"))
    assert (1, "Entry 1 is gone: a note keeps its hash, the log ends at 0.") in faults(report)
    assert (report.entries, report.head) == (0, "0" * 64)


@pytest.mark.parametrize("seq", [4, 8], ids=["another hash", "a later entry"])
def test_a_script_of_an_attempt_that_is_here_must_fit(path: Path, seq: int) -> None:
    report = report_on(path, Anchor(seq, "f" * 64, "the script", UID))
    assert (report.anchors, report.others, [s for s, _ in faults(report)]) == (1, 0, [seq])


def test_a_script_of_an_attempt_that_is_not_here_counts_only_if_it_fits(path: Path) -> None:
    fits = Anchor(4, hash_of(path, 4), "a", STRANGER)
    other = Anchor(4, "f" * 64, "b", STRANGER)
    later = Anchor(8, "f" * 64, "c", STRANGER)
    report = report_on(path, fits, other)
    assert (report.anchors, report.others, faults(report)) == (1, 1, [])
    assert report.note.startswith("1 script was not compared: this database does not hold the attempt.")
    report = report_on(path, other, later)
    assert (report.anchors, report.others, faults(report)) == (0, 2, [])
    assert report.note.startswith("2 scripts were not compared")


# --------------------------------------------------------------------------- while others write


@pytest.fixture
def busy(path: Path) -> Iterator[tuple[Store, Callable[[], None]]]:
    """A store, and another writer's next step, done once."""
    left = [samples.attempt(uid="1" * 32)]

    def write() -> None:
        while left:
            other.add_attempt(left.pop())

    with Store(path) as store, Store(path) as other:
        yield store, write


def test_what_is_written_during_the_reading_is_no_fault(busy: tuple[Store, Callable[[], None]]) -> None:
    store, write = busy
    store.db.conn.set_trace_callback(lambda sql: write() if sql.startswith("SELECT number FROM attempts") else None)
    during, after = verify(store.db), verify(store.db)
    assert (during.entries, during.faults) == (7, ())
    assert (after.entries, after.faults) == (8, ())


def test_a_hash_that_was_kept_just_now_is_in_the_log(busy: tuple[Store, Callable[[], None]]) -> None:
    store, write = busy

    def anchors() -> Iterator[Anchor]:
        write()
        yield Anchor(8, newest(store.db), "the script")

    def newest(db: Database) -> str:
        return next(entries(db, newest_first=True)).hash

    report = verify(store.db, anchors())
    assert (report.entries, report.anchors, report.faults) == (8, 1, ())


def test_the_connection_is_left_as_it_was(path: Path) -> None:
    with Store(path) as store:
        verify(store.db)
        assert not store.db.conn.in_transaction
        assert store.db.conn.text_factory is str
        with writing(store.db):
            store.add_findings(UID, [samples.finding("a")])
            assert verify(store.db).faults == ()
            assert store.db.conn.in_transaction
        assert verify(store.db).entries == 8
