"""`aqboard account`: the people who may sign on this board, where it identifies them by password."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import out, print_json, report_errors
from aqboard.cli.person import ask_password

if TYPE_CHECKING:
    from aqboard.store.accounts import Account

app = typer.Typer(help="People with a password; `mode: account` in signing.yaml makes the board ask for it.")

Name = Annotated[str, typer.Argument(help="The account.")]


@app.command("add")
def add(
    name: Name,
    person: Annotated[str, typer.Option("--person", help="The name as people read it.")],
    role: Annotated[list[str] | None, typer.Option("--role", help="A role of the policy; may be repeated.")] = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Make an account; the password is asked for, or read from the first line of stdin."""
    from aqboard.signing import accounts
    from aqboard.store import Store

    roles = tuple(role or ())
    with report_errors(as_json=as_json), Store(database(db), create=True) as store:
        accounts.possible(store, name, person=person, roles=roles)  # before anybody types a password
        password = ask_password(f"Password for {name}", twice=True)
        accounts.add(store, name, person=person, roles=roles, password=password)
        made = accounts.existing(store, name)
    _tell(made, f"account {name} for {made.person}", as_json=as_json)


@app.command("list")
def list_accounts(db: Database = None, as_json: AsJson = False) -> None:
    """List the accounts with their roles."""
    from aqboard.store import Store
    from aqboard.store.accounts import accounts

    with report_errors(as_json=as_json), Store(database(db)) as store:
        known = accounts(store.db)
    if as_json:
        print_json([_document(account) for account in known])
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("account", "person", "roles", "state"):
        table.add_column(column)
    for account in known:
        state = "disabled" if account.disabled else "may sign in"
        table.add_row(account.name, escape(account.person), ", ".join(account.roles), state)
    out.print(table if known else "No accounts. `aqboard account add NAME --person ...` makes one.")


@app.command("disable")
def disable(name: Name, db: Database = None, as_json: AsJson = False) -> None:
    """Let nobody sign in to the account any more; what it signed stays."""
    from aqboard.signing import accounts
    from aqboard.store import Store

    with report_errors(as_json=as_json), Store(database(db)) as store:
        accounts.disable(store, name)
        now = accounts.existing(store, name)
    _tell(now, f"account {name} is disabled", as_json=as_json)


@app.command("passwd")
def passwd(name: Name, db: Database = None, as_json: AsJson = False) -> None:
    """Change an account's password, which also enables it; every login with the old one ends."""
    from aqboard.signing import accounts
    from aqboard.store import Store

    with report_errors(as_json=as_json), Store(database(db)) as store:
        accounts.existing(store, name)  # before anybody types a password
        accounts.change_password(store, name, ask_password(f"New password for {name}", twice=True))
        now = accounts.existing(store, name)
    _tell(now, f"account {name} has a new password", as_json=as_json)


def _tell(account: "Account", sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(account))
    else:
        out.print(sentence, markup=False)


def _document(account: "Account") -> dict[str, object]:
    return account.model_dump(mode="json", exclude={"password", "row"})
