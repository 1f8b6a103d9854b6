"""`aqboard judge`: what it answers, and that a GO on other findings is void."""

import json
from pathlib import Path

import pytest

from aqboard.domain.finding import Verdict, failed
from aqboard.sessions import rejudge
from aqboard.store import Store
from tests import stub_sessions
from tests.cli.conftest import Run


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Attempt 1, whose stub check `a` was measured and passed, and is judged otherwise today."""
    stub_sessions.install(monkeypatch)
    database = tmp_path / "board.db"
    with Store(database, create=True) as store:
        stub_sessions.follow(store, stub_sessions.by_hand(store, "a"))
    monkeypatch.setenv("AQBOARD_DB", str(database))
    check = stub_sessions.SUITE[0]
    fault = failed("Seen [b]twice[/b].", remedy="Look once.")
    suite = (type(check)(check.id, check.title, check.stage, check.severity, check.needs, lambda *_: fault),)
    monkeypatch.setattr(rejudge, "installed_suite", lambda: suite)
    return database


def test_a_dry_run_says_what_would_change_and_stores_nothing(measured: Path, run: Run) -> None:
    done = run("judge", 1, "--dry-run")
    assert done.exit_code == 1
    assert "Seen [b]twice[/b]." in done.stdout
    assert "Nothing was stored (--dry-run)." in done.stdout
    with Store(measured) as store:
        assert {f.verdict for f in store.attempt(1).findings if f.check == "stub.a"} == {Verdict.PASS}


def test_what_changed_is_stored_and_told_once(measured: Path, run: Run) -> None:
    document = json.loads(run("judge", 1, "--json").stdout)
    assert (document["stored"], document["unchanged"]) == (True, 0)
    (change,) = document["changes"]
    assert (change["check"], change["before"]["verdict"], change["now"]["verdict"]) == ("stub.a", "pass", "fail")
    again = run("judge", 1)
    assert (again.exit_code, "0 of 1 findings changed." in again.stdout) == (0, True)


def test_an_attempt_that_is_not_there_is_exit_2(measured: Path, run: Run) -> None:
    done = run("judge", 7)
    assert (done.exit_code, "There is no attempt 7" in done.stderr) == (2, True)


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_where_nothing_can_be_judged_it_does_not_say_that_nothing_changed(
    measured: Path, run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setattr(rejudge, "installed_suite", lambda: stub_sessions.SUITE[1:2])
    done = run("judge", 1, *options)
    assert (done.exit_code, "Nothing was measured for attempt 1" in done.stderr) == (2, True)
