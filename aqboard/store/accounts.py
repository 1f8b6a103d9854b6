"""Local accounts: rows are added, never changed; the newest row of a name counts."""

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlite_utils import Database

from aqboard.domain.model import Record
from aqboard.domain.signing.identity import Identity
from aqboard.store.audit import record
from aqboard.store.connection import writing

if TYPE_CHECKING:
    from aqboard.store.store import Store

REFUSED = "login refused"


class Account(Record):
    """One person who may log in. `row` changes with every change of the account, so that old logins end."""

    row: int
    name: str
    person: str
    roles: tuple[str, ...]
    password: str
    """Its argon2 hash with salt and parameters."""
    disabled: bool

    @property
    def identity(self) -> Identity:
        """The person as somebody who has just given the password."""
        return Identity(person=self.person, subject=self.name, identified_by="account", roles=self.roles)


def add_account_row(
    store: "Store", name: str, *, person: str, roles: Collection[str], password: str, disabled: bool, action: str
) -> None:
    """Store the newest state of an account; `action` is what the audit log calls it."""
    row = {
        "recorded_at": datetime.now(UTC).isoformat(),
        "name": name,
        "person": person,
        "roles": json.dumps(sorted(roles)),
        "password": password,
        "disabled": int(disabled),
    }
    with writing(store.db):
        key = store.db.table("accounts").insert(row).last_pk
        assert isinstance(key, int)
        record(
            store.db,
            action,
            f"account {name}",
            rows=("accounts", key, key),
            facts={"person": person, "roles": sorted(roles)},
        )


def accounts(db: Database) -> tuple[Account, ...]:
    """Every account, by name."""
    found = db.conn.execute(
        "SELECT id, name, person, roles, password, disabled FROM accounts "
        "WHERE id IN (SELECT max(id) FROM accounts GROUP BY name) ORDER BY name"
    )
    return tuple(
        Account(row=row, name=name, person=person, roles=json.loads(roles), password=password, disabled=bool(disabled))
        for row, name, person, roles, password, disabled in found
    )


def add_refused_login(store: "Store", name: str, now: datetime) -> None:
    """Tell the log of a wrong password."""
    with writing(store.db):
        record(store.db, REFUSED, f"account {name}", now=now)


def refused_logins(db: Database, since: timedelta, now: datetime, name: str | None = None) -> list[datetime]:
    """When passwords were refused of late, oldest first; of one account, or of all."""
    of_one = "AND subject = ?" if name else ""
    values = [REFUSED, (now - since).isoformat().replace("+00:00", "Z"), *([f"account {name}"] if name else [])]
    found = db.conn.execute(f"SELECT time FROM audit WHERE action = ? AND time > ? {of_one} ORDER BY seq", values)
    return [datetime.fromisoformat(row[0]) for row in found]
