"""Who types: the login on this machine, or an account with its password."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from aqboard.cli.output import err
from aqboard.domain.errors import IdentityError
from aqboard.domain.signing.identity import Identity

if TYPE_CHECKING:
    from aqboard.store import Store

AsAccount = Annotated[
    str | None, typer.Option("--account", metavar="NAME", help="Sign as this account; its password is asked for.")
]


def whoever_types(store: "Store", account: str | None) -> Identity:
    """The person at the terminal, as this installation identifies people.

    The login on the machine counts in single-user mode alone: elsewhere people are identified by more than that.
    Raises IdentityError for a wrong password, and where the command line has no way to identify anybody.
    """
    from aqboard.signing.accounts import log_in
    from aqboard.signing.installation import installation
    from aqboard.store.audit import process_owner

    here = installation()
    if account is None and here.mode == "single-user":
        return process_owner()
    if account is None and here.mode != "account":
        raise IdentityError(
            f"This installation identifies people by {here.mode}, which a terminal cannot do. "
            "Decide in the board, or name your account with --account."
        )
    name = account or process_owner().subject
    return log_in(store, name, ask_password(f"Password of the account {name}")).identity


def ask_password(prompt: str, *, twice: bool = False) -> str:
    """A password from the terminal, or the first line of stdin where there is none; raises IdentityError for none."""
    if not sys.stdin.isatty():
        if not (line := sys.stdin.readline()):
            raise IdentityError("No password came: type it, or send it as the first line of stdin.")
        return line.rstrip("\r\n")
    entered: str = typer.prompt(prompt, hide_input=True, err=True, confirmation_prompt=twice)
    return entered


def tell_person(person: Identity) -> None:
    """Say on stderr as whom the command acts."""
    err.print(f"as {person.person}, identified by {person.identified_by}", style="dim", markup=False)
