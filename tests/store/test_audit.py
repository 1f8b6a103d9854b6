"""Whatever is done to the database behind the program's back is found, and where."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from aqboard.domain.finding import Verdict
from aqboard.domain.signing.signoff import Decision
from aqboard.signing.audit import exported, verified
from aqboard.signing.decide import decide
from aqboard.signing.waive import answer, propose
from aqboard.store import Store
from aqboard.store.audit import entries
from aqboard.store.audit_verify import AuditReport
from aqboard.store.migrations import SIGNING
from tests.signing_samples import GRACE, KATHERINE, WHEN, add_attempt, findings

Sql = tuple[str, ...]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An attempt with a fault, waived, signed, and its script let out."""
    path = tmp_path / "board.db"
    with Store(path, create=True) as store:
        number = add_attempt(store, tmp_path / "in", findings(loss_first=Verdict.FAIL))
        made = propose(store, number, "loss.first", person=GRACE, reason="r", risk="r", days=7, now=WHEN)
        answer(store, number, made.uid, person=KATHERINE, confirm=True, now=WHEN)
        script = decide(store, number, person=GRACE, decision=Decision.GO, now=WHEN).script
        assert script is not None
        assert "# Audit     5 " in script.text
        decide(store, number, person=KATHERINE, decision=Decision.NO_GO, now=WHEN)
    return path


def tampered(path: Path, *statements: str) -> AuditReport:
    """The report after SQL that a program without our triggers could run."""
    raw = sqlite3.connect(path, isolation_level=None)
    for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        raw.execute(statement)
    raw.close()
    with Store(path) as store:
        return verified(store)


def test_everything_that_happened_is_in_it_in_order(database: Path) -> None:
    with Store(database) as store:
        told = [(e.seq, e.action, e.actor, e.identified_by) for e in entries(store.db)]
        report = verified(store)
    assert told == [
        (1, "attempt added", "board", "os-user"),
        (2, "findings stored", told[1][2], "os-user"),
        (3, "waiver proposed", "Grace (grace)", "account"),
        (4, "waiver confirmed", "Katherine (katherine)", "account"),
        (5, "said GO", "Grace (grace)", "account"),
        (6, "script released", "Grace (grace)", "account"),
        (7, "said NO-GO", "Katherine (katherine)", "account"),
        (8, "script withdrawn", "Katherine (katherine)", "account"),
    ]
    assert (report.faults, report.entries, report.anchors) == ((), 8, 1), "the withdrawn script keeps a hash"


SOMEBODY_ELSE = "replace(data, 'Grace', 'Mallory')"

TAMPERED: dict[str, tuple[Sql, int | None, str]] = {
    "an actor": (("UPDATE audit SET actor = 'Mallory' WHERE seq = 5",), 5, "was changed"),
    "a time": (("UPDATE audit SET time = '2026-01-01T00:00:00Z' WHERE seq = 3",), 3, "was changed"),
    "a digest": (("UPDATE audit SET payload_digest = hash WHERE seq = 2",), 2, "was changed"),
    "details": (("UPDATE audit SET detail = '{}' WHERE seq = 5",), 5, "was changed"),
    "a previous hash": (("UPDATE audit SET previous = hash WHERE seq = 4",), 4, "does not follow"),
    "a deleted entry": (("DELETE FROM audit WHERE seq = 4",), 5, "entry 4 is missing"),
    "the first entries deleted": (("DELETE FROM audit WHERE seq < 3",), 3, "entry 1 to 2 is missing"),
    "swapped entries": (
        ("UPDATE audit SET seq = 99 WHERE seq = 4", "UPDATE audit SET seq = 4 WHERE seq = 5",
         "UPDATE audit SET seq = 5 WHERE seq = 99"), 4, "does not follow"),
    "an entry put in between": (
        ("UPDATE audit SET seq = seq + 100 WHERE seq > 4", "UPDATE audit SET seq = seq - 99 WHERE seq > 100",
         "INSERT INTO audit SELECT 5, time, actor, identified_by, action, subject, '', detail, "
         "payload_digest, NULL, NULL, previous, hash FROM audit WHERE seq = 4"), 5, "does not follow"),
    "something that is no entry": (("UPDATE audit SET time = 'soon' WHERE seq = 6",), 6, "is not an entry"),
    "a sign-off": ((f"UPDATE signoffs SET data = {SOMEBODY_ELSE} WHERE id = 1",), 5, "signoffs, row 1"),
    "a decision": (("UPDATE signoffs SET decision = 'GO' WHERE id = 2",), 7, "signoffs, row 2"),
    "a finding": (("UPDATE findings SET verdict = 'pass' WHERE check_id = 'loss.first'",), 2, "findings, rows 1 to 3"),
    "a finding's time": (("UPDATE findings SET recorded_at = 'x' WHERE id = 2",), 2, "findings, rows 1 to 3"),
    "a deleted finding": (("DELETE FROM findings WHERE id = 2",), 2, "findings, rows 1 to 3"),
    "a waiver": (("UPDATE waivers SET expires_at = '2099' WHERE id = 1",), 3, "waivers, row 1"),
    "an answer": (("DELETE FROM waiver_answers",), 4, "waiver_answers, row 1"),
    "a script": (("UPDATE scripts SET text = 'rm -rf /' WHERE id = 1",), 6, "scripts, row 1"),
    "the attempt": (("UPDATE attempts SET author = 'Mallory'",), 1, "attempts, row 1"),
    "a finding slipped in": (
        ("INSERT INTO findings (attempt, recorded_at, check_id, verdict, severity, data) SELECT attempt, recorded_at, "
         "check_id, 'pass', severity, data FROM findings WHERE id = 2",), None, "findings, row 4: no entry"),
    "a GO slipped in": (
        ("INSERT INTO signoffs (attempt, recorded_at, person, decision, seal, data) SELECT attempt, recorded_at, "
         f"'Mallory', 'GO', seal, {SOMEBODY_ELSE} FROM signoffs WHERE id = 1",), None, "signoffs, row 3: no entry"),
    "an account slipped in": (
        ("INSERT INTO accounts (recorded_at, name, person, roles, password, disabled) "
         "VALUES ('x', 'mallory', 'Mallory', '[\"lead\"]', 'x', 0)",), None, "accounts, row 1: no entry"),
    "the end cut off": (("DELETE FROM audit WHERE seq > 6",), None, "signoffs, row 2: no entry"),
    "the end cut off, with all it tells of": (
        ("DELETE FROM audit WHERE seq > 3", "DELETE FROM signoffs", "DELETE FROM scripts",
         "DELETE FROM waiver_answers"),
        5, "Entry 5 is gone: the script"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_found_and_located(what: str, database: Path) -> None:
    statements, seq, words = TAMPERED[what]
    report = tampered(database, *statements)
    assert any(fault.seq == seq and words in fault.what for fault in report.faults), report.faults


def test_a_log_that_is_written_anew_is_found_by_a_hash_kept_elsewhere(database: Path, tmp_path: Path) -> None:
    with Store(database) as store:
        head = verified(store).head
    forged = tmp_path / "elsewhere" / "board.db"
    with Store(forged, create=True) as store:
        for _ in range(3):
            add_attempt(store, tmp_path / "in2", findings())
        assert verified(store).faults == (), "nothing in the file itself can tell"
        report = verified(store, [f"8:{head}"])
        assert [fault.seq for fault in report.faults] == [8]
        (script,) = (database.parent / "scripts").rglob("launch.withdrawn")
        kept = script.read_text().partition("# Audit     5 ")[2][:64]
        assert "written anew" in verified(store, [f"5:{kept}"]).faults[0].what


def test_a_forger_who_writes_no_more_than_the_program_would_is_not_found(database: Path) -> None:
    """What a chain without a key cannot do; docs/signing.md says so."""
    with Store(database) as store:
        decide(store, 1, person=GRACE, decision=Decision.NO_GO, now=WHEN)
        assert verified(store).faults == ()


def test_rows_from_before_there_was_a_log_are_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    with Store(new, create=True) as store:
        add_attempt(store, tmp_path / "in", findings())
    raw = sqlite3.connect(new)
    raw.execute("VACUUM INTO ?", [str(old)])
    raw.close()
    raw = sqlite3.connect(old)
    for table in SIGNING:
        raw.execute(f"DROP TABLE {table}")
    raw.execute("DELETE FROM _sqlite_migrations WHERE name = 'm003_signing'")
    raw.commit()
    raw.close()
    with Store(old) as store:
        told = [(e.action, e.source, e.first_row, e.last_row) for e in entries(store.db)]
        assert told == [("taken over", "attempts", 1, 1), ("taken over", "findings", 1, 3)]
        assert verified(store).faults == ()
        assert store.attempt(1).added_by == ""
    assert tampered(old, "UPDATE findings SET verdict = 'fail' WHERE id = 1").faults[0].seq == 2


def test_the_export_is_one_entry_a_line_and_holds_no_password(database: Path) -> None:
    with Store(database) as store:
        lines = list(exported(store))
    assert len(lines) == 8
    assert all(line.startswith('{"seq":') and "\n" not in line for line in lines)


@pytest.mark.parametrize("table", SIGNING)
def test_the_database_refuses_to_change_or_lose_a_row_of_these_tables_too(table: str, database: Path) -> None:
    raw = sqlite3.connect(database)
    if table == "accounts":
        raw.execute("INSERT INTO accounts VALUES (1, 'x', 'a', 'A', '[]', 'p', 0)")
    for sql in (f"DELETE FROM {table}", f"UPDATE {table} SET rowid = rowid + 1000"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(sql)


def test_nothing_is_recorded_when_somebody_else_was_faster(tmp_path: Path) -> None:
    from aqboard.domain.errors import StoreError
    from aqboard.store.records import Released
    from aqboard.store.signing import add_decision

    def act() -> Released:
        raise AssertionError("nothing may be let out")

    with Store(tmp_path / "b.db", create=True) as store:
        number = add_attempt(store, tmp_path / "in", findings())
        seen = store.attempt(number)
        signoff = decide(store, number, person=KATHERINE, decision=Decision.NO_GO, now=WHEN).signoff
        with pytest.raises(StoreError, match="in the meantime"):
            add_decision(store, seen, signoff, act)
        assert len(store.attempt(number).signoffs) == 1


def test_a_script_that_cannot_be_written_leaves_no_sign_off(tmp_path: Path) -> None:
    from aqboard.domain.errors import LaunchError

    blocked: Callable[[], object] = (tmp_path / "scripts").touch
    blocked()
    with Store(tmp_path / "b.db", create=True) as store:
        number = add_attempt(store, tmp_path / "in", findings())
        with pytest.raises(LaunchError, match="cannot be changed"):
            decide(store, number, person=GRACE, decision=Decision.GO, now=WHEN)
        assert store.attempt(number).signoffs == ()
        assert verified(store).faults == ()
