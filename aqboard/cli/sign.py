"""`aqboard sign`: say GO or NO-GO."""

from typing import Annotated

import typer

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import FOUND, OK, out, print_json, report_errors
from aqboard.cli.person import AsAccount, tell_person, whoever_types
from aqboard.domain.errors import LaunchError
from aqboard.domain.signing.signoff import Decision
from aqboard.domain.words import moment


def sign(
    number: Annotated[int, typer.Argument(help="The attempt.")],
    go: Annotated[bool | None, typer.Option("--go/--no-go", help="What you say; one of the two is needed.")] = None,
    comment: Annotated[str, typer.Option("--comment", help="Why; for the next person who asks.")] = "",
    account: AsAccount = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Say GO or NO-GO on an attempt. Exit 0 decided, 1 GO recorded but others are still missing, 2 refused."""
    from aqboard.signing.decide import decide
    from aqboard.store import Store  # here: sqlite-utils costs a second where pandas is installed

    with report_errors(as_json=as_json), Store(database(db)) as store:
        if go is None:
            raise LaunchError("Say what you decide: --go or --no-go.")
        store.attempt(number)  # before anybody types a password
        person = whoever_types(store, account)
        tell_person(person)
        decision = Decision.GO if go else Decision.NO_GO
        decided = decide(store, number, person=person, decision=decision, comment=comment)
    missing = [step.what for step in decided.between] if go else []
    if as_json:
        script = decided.script.path if decided.script else None
        print_json(
            {
                "signoff": decided.signoff.model_dump(mode="json"),
                "script": script,
                "until": decided.until.isoformat() if decided.until else None,
                "missing": missing,
                "withdrawn": list(decided.withdrawn),
            }
        )
    else:
        out.print(f"{decision} by {decided.signoff.person} on attempt {number} is recorded.", markup=False)
        for sentence in missing:
            out.print(f"  {sentence}", markup=False)
        for name in decided.withdrawn:
            out.print(f"taken back  {name}", markup=False)
        if decided.script:
            out.print(f"script  {decided.script.path}", markup=False)
        if decided.until:
            out.print(f"until   {moment(decided.until)}; after that it refuses to start", markup=False)
    raise typer.Exit(FOUND if missing else OK)
