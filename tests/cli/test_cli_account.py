"""`aqboard account`: people with a password, made, listed, disabled; no password is ever shown or stored."""

import json
from pathlib import Path

import pytest

from aqboard.domain.errors import IdentityError
from aqboard.signing.accounts import log_in
from aqboard.store import Store
from aqboard.store.accounts import accounts as stored
from tests.cli.conftest import PASSWORD, Run

OTHER = "another long password"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "board.db"
    monkeypatch.setenv("AQBOARD_DB", str(path))
    return path


def test_an_account_from_its_making_to_its_end(database: Path, run: Run) -> None:
    made = run("account", "add", "grace", "--person", "Grace [H]", "--role", "lead", "--role", "data", typed=PASSWORD)
    assert (made.exit_code, made.stdout) == (0, "account grace for Grace [H]\n")
    with Store(database) as store:
        who = log_in(store, "grace", PASSWORD).identity
        (account,) = stored(store.db)
    assert (who.person, who.roles) == ("Grace [H]", ("data", "lead"))
    assert account.password.startswith("$argon2id$")
    changed = run("account", "passwd", "grace", typed=OTHER + "\r\n")
    assert (changed.exit_code, changed.stdout) == (0, "account grace has a new password\n")
    ended = run("account", "disable", "grace", "--json")
    assert (ended.exit_code, json.loads(ended.stdout)["disabled"]) == (0, True)
    with Store(database) as store, pytest.raises(IdentityError):
        log_in(store, "grace", OTHER)
    back = run("account", "passwd", "grace", "--json", typed=OTHER)
    assert json.loads(back.stdout) == {
        "name": "grace", "person": "Grace [H]", "roles": ["data", "lead"], "disabled": False,
    }  # fmt: skip
    with Store(database) as store:
        assert log_in(store, "grace", OTHER).name == "grace"
    shown = "".join(done.output for done in (made, changed, ended, back))
    assert all(word not in shown for word in (PASSWORD, OTHER, "argon2"))


def test_the_list_in_words_and_as_a_document(database: Path, run: Run) -> None:
    run("account", "add", "grace", "--person", "Grace [H]", "--role", "lead", typed=PASSWORD)
    run("account", "add", "mae", "--person", "Mae", typed=PASSWORD)
    run("account", "disable", "mae")
    rows = [line.split("  ") for line in run("account", "list").stdout.splitlines()]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        ["account", "person", "roles", "state"],
        ["grace", "Grace [H]", "lead", "may sign in"],
        ["mae", "Mae", "disabled"],
    ]
    listed = json.loads(run("account", "list", "--json").stdout)
    assert [(each["name"], each["disabled"]) for each in listed] == [("grace", False), ("mae", True)]


def test_an_empty_list_says_how_to_begin(database: Path, run: Run) -> None:
    Store(database, create=True).__exit__(None, None, None)
    assert "`aqboard account add NAME --person ...`" in run("account", "list").stdout
    assert json.loads(run("account", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (("add", "grace", "--person", "Else"), PASSWORD, "There is an account grace already"),
        (("add", "g2", "--person", "GRACE"), PASSWORD, "two people need two names"),
        (("add", "Bad Name", "--person", "X"), PASSWORD, "'Bad Name' is no account name"),
        (("add", "x", "--person", " "), PASSWORD, "' ' is no name of a person"),
        (("add", "x", "--person", "X", "--role", "Lead"), PASSWORD, "'Lead' is no role"),
        (("add", "x", "--person", "X", "--role", "any"), PASSWORD, "Everybody has the role any"),
        (("add", "x", "--person", "X"), "short", "A password has 10 to 200 characters"),
        (("add", "x", "--person", "X"), "x" * 201, "A password has 10 to 200 characters"),
        (("add", "x", "--person", "X"), "", "No password came"),
        (("passwd", "nobody"), "", "There is no account nobody"),
        (("passwd", "grace"), "short", "A password has 10 to 200 characters"),
        (("disable", "nobody"), "", "There is no account nobody"),
    ],
)
def test_refusals_are_one_sentence_with_2_and_change_nothing(
    arguments: tuple[str, ...], typed: str, words: str, database: Path, run: Run
) -> None:
    run("account", "add", "grace", "--person", "Grace", typed=PASSWORD)
    done = run("account", *arguments, typed=typed)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
    assert words in json.loads(run("account", *arguments, "--json", typed=typed).stdout)["error"]["message"]
    with Store(database) as store:
        assert [account.name for account in stored(store.db)] == ["grace"]
        assert log_in(store, "grace", PASSWORD).name == "grace"


def test_without_a_database_there_is_nobody(database: Path, run: Run) -> None:
    for command in (("list",), ("disable", "grace"), ("passwd", "grace")):
        done = run("account", *command)
        assert (done.exit_code, "There is no database" in done.stderr) == (2, True)
    assert not database.exists()
