"""Stored evidence judged again by the checks of today: what changes, what stays, and what that does to a GO."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aqboard.checks.check import Check
from aqboard.domain.errors import SessionError, StoreError
from aqboard.domain.finding import Judgement, Verdict, failed, passed
from aqboard.domain.session.events import ProbeOutcome
from aqboard.sessions import rejudge as subject
from aqboard.sessions.control import follow
from aqboard.sessions.rejudge import judge_again, rejudge
from aqboard.store import Store
from aqboard.store.audit import entries
from tests import stub_sessions

Today = Callable[..., None]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Attempt 1, of which `a` and `b` were measured and passed, in a database of its own."""
    stub_sessions.install(monkeypatch)
    with Store(tmp_path / "board.db", create=True) as opened:
        follow(opened, stub_sessions.by_hand(opened, "a", "b"))
        yield opened


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> Today:
    """Replace the checks that this version knows; keyword arguments give what a check says now."""

    def known(*suite: Check, **says: Judgement) -> None:
        checks = suite or stub_sessions.SUITE
        answers = {f"stub.{name}": said for name, said in says.items()}
        judged = tuple(
            replace(check, judge=lambda *_, said=answers[check.id]: said) if check.id in answers else check
            for check in checks
        )
        monkeypatch.setattr(subject, "installed_suite", lambda: judged)

    known()
    return known


FAULT = failed("It moves too far.", remedy="Lower the learning rate.")


def test_the_same_checks_say_the_same_and_nothing_is_stored(store: Store, today: Today) -> None:
    before = store.attempt(1)
    found = judge_again(store, 1)
    assert (found.changes, [f.check for f in found.findings]) == ((), ["stub.a", "stub.b"])
    assert store.attempt(1).version == before.version


def test_a_check_that_was_mended_says_what_it_says_now_beside_what_it_said(store: Store, today: Today) -> None:
    today(b=FAULT)
    found = judge_again(store, 1)
    ((change,), stored) = (found.changes, store.attempt(1))
    assert (change.before.verdict, change.now.verdict, change.verdict_changed) == (Verdict.PASS, Verdict.FAIL, True)
    assert {f.check: f.verdict for f in stored.findings if f.check in ("stub.a", "stub.b")} == {
        "stub.a": Verdict.PASS,
        "stub.b": Verdict.FAIL,
    }
    (rows,) = store.db.query("SELECT count(*) AS n FROM findings WHERE check_id = 'stub.b'")
    assert rows["n"] == 2, "the old finding stays"
    assert next(iter(entries(store.db, newest_first=True))).action == "judged again"
    assert judge_again(store, 1).changes == (), "once is enough"


def test_other_words_are_a_change_without_another_verdict(store: Store, today: Today) -> None:
    today(a=passed("Seen, and found good."))
    (change,) = judge_again(store, 1).changes
    assert (change.now.verdict, change.verdict_changed) == (Verdict.PASS, False)


def test_what_was_not_measured_keeps_its_finding(store: Store, today: Today) -> None:
    today(c=FAULT)
    found = judge_again(store, 1)
    assert "stub.c" in found.kept
    assert found.changes == ()


def test_checks_that_went_or_came_are_named(store: Store, today: Today) -> None:
    newcomer = replace(stub_sessions.SUITE[0], id="stub.new")
    today(*stub_sessions.SUITE[1:], newcomer, new=FAULT)
    found = judge_again(store, 1)
    assert (found.gone, found.not_asked, found.changes) == (("stub.a",), ("stub.new",), ())
    assert {f.check: f.verdict for f in store.attempt(1).findings}["stub.a"] is Verdict.PASS


def test_evidence_that_today_cannot_be_understood_is_an_error_and_no_pass(store: Store, today: Today) -> None:
    broken = ProbeOutcome(probe="a", status="measured", evidence={"nobody": "knows"}, seconds=0.1)
    store.add_outcome("0" * 32, broken)
    (change,) = rejudge(store.attempt(1)).changes
    assert (change.now.check, change.now.verdict) == ("stub.a", Verdict.ERROR)


def test_a_session_at_work_is_waited_for(store: Store, today: Today) -> None:
    stub_sessions.by_hand(store, "c", uid="1" * 32, ended=False)
    with pytest.raises(SessionError, match="Session 2 still measures attempt 1"):
        judge_again(store, 1)


def test_without_evidence_there_is_nothing_to_judge(tmp_path: Path, today: Today) -> None:
    with Store(tmp_path / "empty.db", create=True) as empty:
        empty.add_attempt(stub_sessions.attempt())
        with pytest.raises(SessionError, match="Nothing was measured for attempt 1"):
            judge_again(empty, 1)


def test_what_somebody_else_recorded_meanwhile_is_not_covered_over(store: Store, today: Today) -> None:
    today(b=FAULT)
    seen = store.attempt(1)
    store.add_findings("0" * 32, seen.findings[:1])
    with pytest.raises(StoreError, match="in the meantime"):
        store.add_judgement(seen, rejudge(seen).findings)
