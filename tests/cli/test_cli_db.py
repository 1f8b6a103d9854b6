"""`aqboard db`: in words, as JSON, and by its exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aqboard.cli import app
from aqboard.store import Store
from aqboard.store.migrations import NAMES
from tests.store.conftest import fill

run = CliRunner().invoke


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "board.db"
    fill(path)
    monkeypatch.setenv("AQBOARD_DB", str(path))
    return path


def document(*arguments: str) -> tuple[int, dict[str, object]]:
    done = run(app, ["db", *arguments, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_the_path_and_what_named_it(board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(app, ["db", "path"]).stdout.splitlines()[0] == str(board)
    assert document("path") == (0, {"path": str(board), "exists": True, "named_by": "AQBOARD_DB"})
    other = str(tmp_path / "other.db")
    assert document("path", "--db", other)[1] == {"path": other, "exists": False, "named_by": "--db"}
    monkeypatch.delenv("AQBOARD_DB")
    assert document("path")[1]["named_by"] == "the default"


def test_a_check_of_a_sound_database(board: Path) -> None:
    done = run(app, ["db", "check"])
    assert done.exit_code == 0
    for word in ("wal", "1 attempts", NAMES[-1], "locks: local", "✔ Every page"):
        assert word in done.stdout
    code, report = document("check")
    assert (code, report["faults"], report["path"]) == (0, [], str(board))


def test_a_check_of_a_damaged_or_missing_one(board: Path, tmp_path: Path) -> None:
    board.write_bytes(board.read_bytes()[:5000])
    done = run(app, ["db", "check"])
    assert done.exit_code == 1
    assert "✘ It cannot be read" in done.stdout
    assert document("check")[0] == 1
    code, told = document("check", "--db", str(tmp_path / "none.db"))
    assert (code, told["error"]["code"]) == (2, "store")


def test_backup_vacuum_and_restore_in_a_row(board: Path) -> None:
    code, made = document("backup")
    assert code == 0 and Path(made["backup"]).stat().st_size == made["size"]
    assert "verified" in run(app, ["db", "backup"]).stdout
    code, told = document("vacuum")
    assert code == 0 and told["after"] <= told["before"]
    board.write_bytes(b"noise")
    assert run(app, ["attempts"]).exit_code == 2
    code, told = document("restore", made["backup"])
    assert code == 0 and Path(told["replaced"]).read_bytes() == b"noise"
    assert run(app, ["attempts"]).exit_code == 0
    assert "is now a copy of" in run(app, ["db", "restore", made["backup"]]).stdout


def test_a_refusal_is_one_sentence_on_stderr_and_code_2(board: Path) -> None:
    with Store(board) as store:
        store.attempts()
        done = run(app, ["db", "vacuum"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and "another process has it open" in done.stderr


def test_a_shared_disk_is_said_on_stderr_and_stdout_stays_clean(board: Path, mounted) -> None:
    mounted("lustre", "rw,flock")
    done = run(app, ["attempts", "--json"])
    assert done.exit_code == 0 and len(json.loads(done.stdout)) == 1
    assert "rollback journal" in done.stderr
    mounted("lustre", "rw,localflock")
    done = run(app, ["attempts"])
    assert done.exit_code == 2 and "AQBOARD_DB_ONE_MACHINE" in done.stderr
