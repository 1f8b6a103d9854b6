"""`aqboard audit`: 0 whole, 1 not what was written, 2 cannot tell; and an export to hold it against later."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def tamper(database: Path, statement: str) -> None:
    raw = sqlite3.connect(database, isolation_level=None)
    for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {trigger}")
    raw.execute(statement)
    raw.close()


def test_a_whole_log_is_0_and_prints_its_anchor(signing: Path, run: Run) -> None:
    run("sign", 1, "--go")
    done = run("audit", "verify")
    assert done.exit_code == 0, done.output
    told, anchor = done.stdout.splitlines()
    assert told == "The log is whole: 6 entries, 1 hash kept elsewhere compared."
    held = run("audit", "verify", "--anchor", anchor.removeprefix("anchor  "), "--json")
    assert held.exit_code == 0
    report = json.loads(held.stdout)
    assert (report["entries"], report["anchors"], report["others"], report["faults"]) == (6, 2, 0, [])
    assert anchor == f"anchor  6:{report['head']}"


def test_what_was_changed_is_1_and_located(signing: Path, run: Run) -> None:
    tamper(signing, "UPDATE findings SET verdict = 'pass'")
    done = run("audit", "verify")
    assert done.exit_code == 1
    assert "✘ What entry 4 tells of (findings stored, attempt 2) is not what was written" in done.stdout
    assert "The log is not what was written" in done.stdout
    assert [fault["seq"] for fault in json.loads(run("audit", "verify", "--json").stdout)["faults"]] == [4]


def test_another_databases_anchor_is_1(signing: Path, run: Run) -> None:
    done = run("audit", "verify", "--anchor", f"1:{'a' * 64}")
    assert (done.exit_code, "that is another database's" in done.stdout) == (1, True)
    gone = run("audit", "verify", "--anchor", f"900:{'a' * 64}")
    assert (gone.exit_code, "Entry 900 is gone" in gone.stdout) == (1, True)


@pytest.mark.parametrize("anchor", ["", "6", "6:abc", "six:" + "a" * 64, "6:" + "A" * 64])
def test_an_anchor_that_is_none_is_2(anchor: str, signing: Path, run: Run) -> None:
    done = run("audit", "verify", "--anchor", anchor)
    assert (done.exit_code, "is no entry's number and hash; write NUMBER:HASH" in done.stderr) == (2, True)


def test_scripts_of_another_database_in_the_same_folder_raise_no_alarm(
    signing: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sign", 1, "--go")
    other = tmp_path / "other"
    other.mkdir()
    shutil.copytree(signing.parent / "scripts", other / "scripts")
    monkeypatch.setenv("AQBOARD_DB", str(other / "b.db"))
    run("account", "add", "grace", "--person", "Grace", typed="a long password")
    done = run("audit", "verify")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (
        0, "The log is whole: 1 entry, 0 hashes kept elsewhere compared.",
    )  # fmt: skip
    assert "note: 1 script was not compared" in done.stderr


def test_the_export_has_every_entry_on_a_line_and_its_anchor_on_stderr(signing: Path, run: Run) -> None:
    done = run("audit", "export")
    assert done.exit_code == 0
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4]
    assert done.stderr == f"anchor  4:{entries[-1]['hash']}\n"


def test_without_a_database_the_answer_is_2(tmp_path: Path, run: Run) -> None:
    for command in ("verify", "export"):
        done = run("audit", command, "--db", tmp_path / "none.db")
        assert (done.exit_code, done.stdout, "There is no database" in done.stderr) == (2, "", True)
