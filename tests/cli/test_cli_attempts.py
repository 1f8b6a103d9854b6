"""The command line as a user or a script meets it: exit codes, one JSON document, one sentence when it fails."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aqboard.checks.suite import SUITE
from aqboard.cli.attempts import MOST
from aqboard.store import Store
from tests import samples
from tests.command import aqboard
from tests.conftest import Checked
from tests.tiny_launch import TinyLaunch


def test_check_tells_ready_and_not_ready_by_exit_code_and_document(
    checked_by_command: Callable[[str], Checked],
) -> None:
    ready = checked_by_command("fixed")
    document = json.loads(ready.done.out)
    assert (ready.done.code, document["state"], document["attempt"]) == (0, "READY", 1)
    assert [finding["check"] for finding in document["findings"]] == [check.id for check in SUITE]
    failed = checked_by_command("as found")
    assert failed.done.code == 1
    assert "NOT READY" in failed.done.out
    assert "0 of 44 checkpoint tensors reach TopoFlow" in failed.done.out
    for checked, state in ((ready, "READY"), (failed, "NOT READY")):
        listed = aqboard("attempts", "--db", checked.database, "--json")
        assert [(row["number"], row["readiness"]["state"]) for row in json.loads(listed.out)] == [(1, state)]
    shown = aqboard("attempts", 1, "--db", failed.database)
    assert (shown.code, "Checkpoint reaches the model" in shown.out) == (0, True)


def test_the_newest_attempts_are_listed_first_and_the_older_ones_when_asked_for(tmp_path: Path) -> None:
    with Store(tmp_path / "b.db", create=True) as store:
        for number in range(1, MOST + 3):
            store.add_attempt(samples.attempt(uid=f"{number:032}"))
    listed = aqboard("attempts", db=tmp_path / "b.db").out.splitlines()
    assert len(listed) == 1 + MOST + 1
    assert listed[1].startswith(str(MOST + 2))
    assert listed[-1] == f"The newest {MOST} of {MOST + 2}; `--all` shows every one."
    every = aqboard("attempts", "--all", db=tmp_path / "b.db").out.splitlines()
    assert (len(every), every[-1].split()[0]) == (1 + MOST + 2, "1")
    assert len(json.loads(aqboard("attempts", "--json", db=tmp_path / "b.db").out)) == MOST + 2


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"checkpoint": {"path": "nowhere.ckpt"}}, "checkpoint.path"),
        ({"scan": {"cache": "empty.pkl"}}, "scan.cache"),
        ({"scan": {"cache": "notes.pkl"}}, "scan.cache: notes.pkl: This is a text file"),
        ({"checkpoint": {"path": "torn.ckpt"}}, "it was cut short"),
        ({"scan": {"rul": "none"}}, "unknown key 'scan.rul'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(
    launch: TinyLaunch, tmp_path: Path, sections: dict[str, object], said: str
) -> None:
    (launch.folder / "empty.pkl").write_bytes(b"")
    (launch.folder / "notes.pkl").write_text("these are notes\n")
    (launch.folder / "torn.ckpt").write_bytes((launch.folder / "baseline.ckpt").read_bytes()[:50_000])
    plan = launch.plan("bad", **sections)
    db = tmp_path / "board.db"
    told = aqboard("check", plan, "--db", db)
    assert told.code == 2
    assert said in told.err
    assert told.err.strip().count("\n") == 0, told.err
    as_json = aqboard("check", plan, "--db", db, "--json")
    assert as_json.code == 2
    assert said in json.loads(as_json.out)["error"]["message"]


def test_a_file_that_is_no_database_is_left_as_it_was(launch: TinyLaunch, tmp_path: Path) -> None:
    file = tmp_path / "letters.db"
    file.write_text("dear all,\n" * 100)
    told = aqboard("check", launch.plan("no db"), "--db", file)
    assert (told.code, str(file) in told.err) == (2, True)
    assert file.read_text() == "dear all,\n" * 100


def test_attempts_without_a_database_and_with_an_unknown_number(tmp_path: Path) -> None:
    missing = aqboard("attempts", db=tmp_path / "none.db")
    assert (missing.code, "There is no database" in missing.err) == (2, True)
    with Store(tmp_path / "b.db", create=True) as store:
        store.add_attempt(samples.attempt())
    unknown = aqboard("attempts", 7, "--json", db=tmp_path / "b.db")
    assert (unknown.code, json.loads(unknown.out)["error"]["code"]) == (2, "store")


def test_checks_are_listed_and_explained() -> None:
    listed = json.loads(aqboard("checks", "--json").out)
    assert [row["check"] for row in listed] == [check.id for check in SUITE]
    explained = aqboard("explain", "scan.rule")
    assert (explained.code, "Which scan rule is in force?" in explained.out) == (0, True)
    unknown = aqboard("explain", "scan.rul")
    assert (unknown.code, "there is no check 'scan.rul'" in unknown.err) == (2, True)


def test_commands_that_need_no_torch_do_not_import_it() -> None:
    code = "import sys, aqboard.cli; print([m for m in ('torch', 'lightning', 'streamlit') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_has_help() -> None:
    top = aqboard("--help").out
    for command in ("check", "attempts", "checks", "explain", "demo", "serve", "profiles"):
        assert command in top
        assert aqboard(command, "--help").code == 0
