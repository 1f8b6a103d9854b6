"""Accounts and logins: what is refused, for how long, and what the log keeps of it."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from aqboard.domain.errors import IdentityError
from aqboard.signing.accounts import MOST_REFUSED, add, change_password, disable, log_in, still_valid
from aqboard.store import Store
from aqboard.store.accounts import accounts
from aqboard.store.audit import entries
from tests.signing_samples import WHEN

PASSWORD = "correct horse battery"


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "board.db", create=True) as opened:
        add(opened, "grace", person="Grace Hopper", roles=["lead"], password=PASSWORD)
        yield opened


def refused(store: Store, name: str, password: str, **changes) -> str:
    with pytest.raises(IdentityError) as told:
        log_in(store, name, password, **changes)
    return told.value.message


def test_the_right_password_identifies_the_person_with_roles(store: Store) -> None:
    person = log_in(store, " Grace ", PASSWORD).identity
    assert (person.person, person.subject, person.identified_by, person.roles) == (
        "Grace Hopper", "grace", "account", ("lead",)
    )  # fmt: skip


def test_wrong_unknown_and_disabled_sound_the_same(store: Store) -> None:
    add(store, "mallory", person="Mallory", roles=[], password=PASSWORD)
    disable(store, "mallory")
    told = {refused(store, name, PASSWORD + "!") for name in ("grace", "nobody", "mallory")}
    assert told == {"Not signed in: there is no such account, or the password is wrong."}
    assert refused(store, "mallory", PASSWORD) in told


def test_too_many_wrong_passwords_make_even_the_right_one_wait(store: Store) -> None:
    for _ in range(MOST_REFUSED):
        refused(store, "grace", "wrong password", now=WHEN)
    assert "Try again in 15 minutes" in refused(store, "grace", PASSWORD, now=WHEN)
    assert "Try again in a minute" in refused(store, "grace", PASSWORD, now=WHEN + timedelta(minutes=14))
    add(store, "ada", person="Ada", roles=[], password=PASSWORD)
    assert log_in(store, "ada", PASSWORD, now=WHEN).name == "ada", "others may go on"
    assert log_in(store, "grace", PASSWORD, now=WHEN + timedelta(minutes=15)).name == "grace"


def test_trying_many_names_is_stopped_as_well(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aqboard.signing.accounts.MOST_REFUSED_IN_ALL", 3)
    for name in ("a", "b", "c"):
        refused(store, name, "wrong password", now=WHEN)
    assert "too many" in refused(store, "d", "wrong password", now=WHEN)


def test_a_change_of_the_account_ends_its_logins(store: Store) -> None:
    before = log_in(store, "grace", PASSWORD)
    assert still_valid(store, before)
    change_password(store, "grace", "another long password")
    assert not still_valid(store, before)
    assert refused(store, "grace", PASSWORD)
    after = log_in(store, "grace", "another long password")
    disable(store, "grace")
    assert not still_valid(store, after)


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        ("grace", {}, "already"),
        ("Ada!", {}, "no account name"),
        ("ada", {"password": "short"}, "10 to 200 characters"),
        ("ada", {"password": "x" * 201}, "10 to 200 characters"),
        ("ada", {"roles": ["Lead of All"]}, "'Lead of All' is no role"),
        ("ada", {"roles": ["any"]}, "Everybody has the role any"),
        ("ada", {"person": " "}, "person"),
        ("ada", {"person": "grace  HOPPER"}, "two people need two names"),
        ("hopper", {"person": "Grace"}, "two people need two names"),
    ],
)
def test_an_account_that_cannot_be_is_refused(name: str, changes: dict, why: str, store: Store) -> None:
    with pytest.raises(IdentityError, match=why):
        add(store, name, **{"person": "Ada", "roles": [], "password": PASSWORD, **changes})
    assert [account.name for account in accounts(store.db)] == ["grace"]


def test_no_password_is_stored_or_logged_in_clear(store: Store, tmp_path: Path) -> None:
    refused(store, "grace", "a wrong password typed here")
    assert [(e.action, e.subject) for e in entries(store.db)] == [
        ("account added", "account grace"),
        ("login refused", "account grace"),
    ]
    dump = "\n".join(sqlite3.connect(tmp_path / "board.db").iterdump())
    assert PASSWORD not in dump
    assert "a wrong password typed here" not in dump
    assert "$argon2id$" in dump
