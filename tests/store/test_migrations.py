"""From every earlier schema to the present one. New steps are covered as soon as they stand in NAMES."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from aqboard.domain.errors import StoreError
from aqboard.domain.session.events import ProbeOutcome
from aqboard.domain.signing.signoff import Decision, SignOff
from aqboard.domain.signing.waiver import Answer, Waiver
from aqboard.store import Store
from aqboard.store.migrations import MIGRATIONS, NAMES
from aqboard.store.sqlite import schema
from aqboard.store.sqlite.backup import backups_of
from aqboard.store.sqlite.schema import APPLICATION_ID
from tests import samples

ATTEMPT = samples.attempt()
FIRST = {"attempt": ATTEMPT.uid, "recorded_at": samples.WHEN.isoformat()}
ROWS: dict[str, dict[str, object]] = {
    "attempts": {
        "uid": ATTEMPT.uid,
        "name": ATTEMPT.name,
        "author": "Ada",
        "created_at": samples.WHEN.isoformat(),
        "checks": json.dumps(ATTEMPT.checks),
        "gpus": 400,
        "data": ATTEMPT.model_dump_json(),
    },
    "outcomes": {
        **FIRST,
        "probe": "curve",
        "status": "broke",
        "seconds": 1.5,
        "data": ProbeOutcome(probe="curve", status="broke", message="x").model_dump_json(),
    },
    "findings": {
        **FIRST,
        "check_id": "a",
        "verdict": "pass",
        "severity": "blocks",
        "data": samples.finding("a").model_dump_json(),
    },
    "signoffs": {
        **FIRST,
        "person": "Ada",
        "decision": "GO",
        "seal": "f" * 64,
        "data": SignOff(
            attempt=ATTEMPT.uid, person="Ada", decision=Decision.GO, seal="f" * 64, created_at=samples.WHEN
        ).model_dump_json(),
    },
    "waivers": {
        **FIRST,
        "uid": "e" * 32,
        "check_id": "a",
        "person": "Ada",
        "expires_at": samples.WHEN.isoformat(),
        "data": Waiver(
            uid="e" * 32,
            attempt=ATTEMPT.uid,
            person="Ada",
            created_at=samples.WHEN,
            check="a",
            verdict="fail",
            finding="f" * 64,
            reason="known",
            risk="a night",
            expires_at=samples.WHEN,
        ).model_dump_json(),
    },
    "waiver_answers": {
        **FIRST,
        "waiver": "e" * 32,
        "person": "Grace",
        "answer": "confirmed",
        "data": Answer(
            attempt=ATTEMPT.uid, person="Grace", created_at=samples.WHEN, waiver="e" * 32, answer="confirmed"
        ).model_dump_json(),
    },
    "accounts": {
        "recorded_at": samples.WHEN.isoformat(),
        "name": "ada",
        "person": "Ada",
        "roles": "[]",
        "password": "$argon2id$",
        "disabled": 0,
    },
    "scripts": {**FIRST, "seal": "f" * 64, "path": "/x/y.sbatch", "text": "#!/bin/bash\n"},
}
"""Rows as the program writes them, for steps that read what is there. Tables that are not named get made-up ones."""


def earlier(path: Path, steps: int) -> None:
    """A database as the program made it when it knew `steps` steps, with a row in every table that had one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        db = Database(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        MIGRATIONS.apply(db, stop_before=[step.name for step in MIGRATIONS._migrations[steps:]])
        connection.execute("PRAGMA foreign_keys=ON")
        for table in tables(connection):
            row = ROWS.get(table) or dict(made_up(connection, table))
            if connection.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (0,):
                marks = ", ".join("?" * len(row))
                connection.execute(f'INSERT INTO "{table}" ({", ".join(row)}) VALUES ({marks})', list(row.values()))


def made_up(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, object]]:
    """A value for each column but the primary key: what a foreign key points at, else one of the column's type."""
    points = {row[3]: (row[2], row[4]) for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')}
    for _, name, kind, _, _, key in connection.execute(f'PRAGMA table_info("{table}")').fetchall():
        if name in points:
            parent, column = points[name]
            yield name, connection.execute(f'SELECT "{column}" FROM "{parent}"').fetchone()[0]
        elif not (key and kind == "INTEGER"):
            yield name, {"INTEGER": 1, "FLOAT": 0.5, "REAL": 0.5, "BLOB": b"x"}.get(kind, f"{name} of {table}")


def tables(connection: sqlite3.Connection) -> list[str]:
    """The schema's tables, parents before children."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    return [name for (name,) in found if not name.startswith(("_", "sqlite_"))]


def rows_of(path: Path) -> dict[str, list[dict[str, object]]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            table: [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')] for table in tables(connection)
        }


def shape(path: Path) -> set[tuple[str, str, str]]:
    """What the schema is made of; the order in which it came about does not matter."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {(kind, name, " ".join(sql.split())) for kind, name, sql in found}


@pytest.mark.parametrize("steps", range(1, len(NAMES)), ids=lambda steps: NAMES[steps - 1])
def test_every_earlier_schema_becomes_the_present_one_and_keeps_its_rows(steps: int, tmp_path: Path) -> None:
    path, fresh = tmp_path / "board.db", tmp_path / "fresh.db"
    earlier(path, steps)
    before = rows_of(path)
    assert all(before.values()), "every table had a row"
    Store(fresh, create=True).__exit__(None, None, None)
    with Store(path) as store:
        assert store.attempt(1).attempt == ATTEMPT
        assert store.attempt(1).signoffs[0].person == "Ada"
        assert store.db.conn.execute("PRAGMA foreign_key_check").fetchall() == []
        assert store.db.conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert shape(path) == shape(fresh)
    after = rows_of(path)
    for table, rows in before.items():
        if table == "audit":  # steps may tell it of what they take over
            assert after[table][: len(rows)] == rows
            continue
        assert [{name: row[name] for name in old} for row, old in zip(after[table], rows, strict=True)] == rows, table
    (backup,) = backups_of(path)
    assert f".{NAMES[steps - 1]}." in backup.name
    assert rows_of(backup) == before


@pytest.mark.parametrize("steps", range(1, len(NAMES) + 1), ids=lambda steps: NAMES[steps - 1])
def test_the_samples_of_this_test_fit_every_schema(steps: int, tmp_path: Path) -> None:
    earlier(tmp_path / "board.db", steps)
    assert all(rows_of(tmp_path / "board.db").values())


# ---------------------------------------------------------- a step of tomorrow, so that the rules are held today


@pytest.fixture
def tomorrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """One more step; what it executes may be changed by the test."""
    sql = ["CREATE TABLE tomorrow (x)"]
    known = list(MIGRATIONS._migrations)

    @MIGRATIONS(name="m999_tomorrow")
    def step(db: Database) -> None:
        for line in sql:
            db.conn.execute(line)

    monkeypatch.setattr(schema, "NAMES", (*NAMES, "m999_tomorrow"))
    yield sql
    MIGRATIONS._migrations[:] = known


def test_a_backup_is_made_before_a_step_and_a_new_database_needs_none(path: Path, tomorrow, tmp_path: Path) -> None:
    earlier(tmp_path / "old.db", len(NAMES))
    before = rows_of(tmp_path / "old.db")
    with Store(tmp_path / "old.db") as store:
        assert store.db.table("tomorrow").exists()
    (backup,) = backups_of(tmp_path / "old.db")
    assert rows_of(backup) == before
    Store(path, create=True).__exit__(None, None, None)
    assert backups_of(path) == ()


def test_a_step_that_fails_leaves_the_old_schema_and_the_backup(path: Path, tomorrow) -> None:
    path.parent.mkdir()
    earlier(path, len(NAMES))
    before, whole = shape(path), rows_of(path)
    tomorrow.append("INSERT INTO nowhere VALUES (1)")
    with pytest.raises(StoreError, match="no such table: nowhere"):
        Store(path)
    assert (shape(path), rows_of(path)) == (before, whole)
    assert rows_of(backups_of(path)[0]) == whole


def test_without_a_backup_there_is_no_step(path: Path, tomorrow) -> None:
    path.parent.mkdir()
    earlier(path, len(NAMES))
    (path.parent / "backups").write_text("a file where the folder should be")
    before = shape(path)
    with pytest.raises(StoreError, match="No backup could be written"):
        Store(path)
    assert shape(path) == before


def test_a_reader_cannot_migrate_and_is_told_who_can(public_folder: Path, as_reader, tomorrow) -> None:
    path = public_folder / "board.db"
    earlier(path, len(NAMES))
    public_folder.chmod(0o555)
    with as_reader(), pytest.raises(StoreError, match=r"older aqboard.*m999_tomorrow.*Somebody who may"):
        Store(path)
    public_folder.chmod(0o755)
