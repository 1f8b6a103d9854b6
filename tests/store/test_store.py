import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aqboard.domain.errors import StoreError
from aqboard.domain.evidence.loss import CurveEvidence, CurvePoint
from aqboard.domain.finding import Verdict
from aqboard.domain.readiness import State
from aqboard.domain.session.events import ProbeOutcome
from aqboard.domain.signing.signoff import Decision, SignOff
from aqboard.store import Store, StoredScript
from aqboard.store.migrations import APPEND_ONLY, MIGRATIONS, NAMES
from aqboard.store.sqlite.schema import APPLICATION_ID
from tests import samples
from tests.signing_samples import add_signoff


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some folder" / "board.db"


def signoff(uid: str, decision: Decision = Decision.GO) -> SignOff:
    return SignOff(attempt=uid, person="Ada", decision=decision, seal="f" * 64, created_at=samples.WHEN)


def test_an_attempt_comes_back_as_it_was(path: Path) -> None:
    attempt = samples.attempt()
    curve = CurveEvidence(points=(CurvePoint(step=3, train_loss=0.1),))
    script = StoredScript(seal="f" * 64, path="/x/y.sbatch", text="#!/bin/bash\n", recorded_at=samples.WHEN)
    with Store(path, create=True) as store:
        number = store.add_attempt(attempt)
        store.add_outcome(
            attempt.uid, ProbeOutcome(probe="curve", status="measured", evidence=curve.model_dump(mode="json"))
        )
        store.add_findings(attempt.uid, [samples.finding("b"), samples.finding("a")])
        add_signoff(store, signoff(attempt.uid), script)
    with Store(path) as store:
        stored = store.attempt(number)
    assert stored.attempt == attempt
    assert stored.evidence(CurveEvidence) == curve
    assert [finding.check for finding in stored.findings] == ["a", "b"], "in the order of the suite"
    assert stored.readiness.state is State.READY
    assert stored.signoffs == (signoff(attempt.uid),)
    assert stored.scripts[0].text == script.text


def test_the_newest_finding_counts_and_the_old_one_stays(path: Path) -> None:
    attempt = samples.attempt(checks=("a",))
    with Store(path, create=True) as store:
        store.add_attempt(attempt)
        store.add_findings(attempt.uid, [samples.finding("a", Verdict.FAIL)])
        store.add_findings(attempt.uid, [samples.finding("a", Verdict.PASS)])
        assert store.attempt(1).readiness.state is State.READY
        assert store.attempts()[0].readiness.state is State.READY
    assert sqlite3.connect(path).execute("SELECT verdict FROM findings ORDER BY id").fetchall() == [
        ("fail",),
        ("pass",),
    ]


def test_the_list_is_newest_first_with_state_and_decision(path: Path) -> None:
    with Store(path, create=True) as store:
        for uid, verdict in (("1" * 32, Verdict.PASS), ("2" * 32, Verdict.FAIL), ("3" * 32, None)):
            store.add_attempt(samples.attempt(checks=("a",), uid=uid))
            if verdict:
                store.add_findings(uid, [samples.finding("a", verdict)])
        add_signoff(store, signoff("1" * 32))
        add_signoff(store, signoff("1" * 32, Decision.NO_GO))
        rows = store.attempts()
    assert [(row.number, row.readiness.state, row.decision) for row in rows] == [
        (3, State.INCOMPLETE, ""),
        (2, State.NOT_READY, ""),
        (1, State.READY, "NO-GO (Ada)"),
    ]


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_database_itself_refuses_to_change_or_lose_a_row(path: Path, table: str) -> None:
    attempt = samples.attempt()
    with Store(path, create=True) as store:
        store.add_attempt(attempt)
        store.add_outcome(attempt.uid, ProbeOutcome(probe="curve", status="broke", message="x"))
        store.add_findings(attempt.uid, [samples.finding()])
        script = StoredScript(seal="f", path="p", text="t", recorded_at=samples.WHEN)
        add_signoff(store, signoff(attempt.uid), script)
    raw = sqlite3.connect(path)
    column = "name" if table == "attempts" else "attempt"
    for sql in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(sql)
    assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)


def test_a_row_for_an_unknown_attempt_is_refused(path: Path) -> None:
    with Store(path, create=True) as store, pytest.raises(sqlite3.IntegrityError):
        store.add_findings("nobody", [samples.finding()])


def test_there_must_be_a_database_to_read(path: Path) -> None:
    with pytest.raises(StoreError, match="There is no database"):
        Store(path)
    with Store(path, create=True) as store, pytest.raises(StoreError, match="no attempt 7"):
        store.attempt(7)


def test_files_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("these are notes, not a database, and they are precious\n" * 50)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    for path in (text, other, tmp_path):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(StoreError) as told:
            Store(path, create=True)
        assert str(path) in told.value.message
        assert not path.is_file() or path.read_bytes() == before


def test_a_newer_schema_is_refused_by_name(path: Path) -> None:
    Store(path, create=True).__exit__(None, None, None)
    with sqlite3.connect(path) as raw:
        raw.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('aqboard', 'm999_later', 'x')"
        )
    raw.close()
    with pytest.raises(StoreError, match="m999_later"):
        Store(path)


def test_every_migration_is_listed() -> None:
    assert tuple(migration.name for migration in MIGRATIONS._migrations) == NAMES


def test_a_full_or_locked_database_says_so_and_keeps_what_was_there(path: Path) -> None:
    with Store(path, create=True) as store:
        store.add_attempt(samples.attempt())
        store.db.conn.execute("PRAGMA max_page_count = 1")  # what a full disk looks like
        with pytest.raises(StoreError, match=r"could not be written.*full"):
            for _ in range(100):
                store.add_findings("0" * 32, [samples.finding(summary="long " * 2000)])
        store.db.conn.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("PRAGMA max_page_count = 100000")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            store.add_attempt(samples.attempt(uid="1" * 32))
        other.close()
    with Store(path) as store:
        assert [row.number for row in store.attempts()] == [1]


def test_many_may_open_and_write_a_new_database_at_once(path: Path) -> None:
    def write(i: int) -> int:
        with Store(path, create=True) as store:
            return store.add_attempt(samples.attempt(uid=f"{i:032d}"))

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(write, range(40)))
    assert sorted(numbers) == list(range(1, 41))
    assert sqlite3.connect(path).execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_the_revision_changes_with_everything_the_list_shows(path: Path) -> None:
    attempt = samples.attempt(checks=("a",))
    seen = []
    with Store(path, create=True) as store:
        seen.append(store.revision())
        store.add_attempt(attempt)
        seen.append(store.revision())
        store.add_findings(attempt.uid, [samples.finding("a")])
        seen.append(store.revision())
        add_signoff(store, signoff(attempt.uid))
        seen.append(store.revision())
        assert store.revision() == seen[-1]
    assert len(set(seen)) == len(seen)
