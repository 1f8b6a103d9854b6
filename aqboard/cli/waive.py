"""`aqboard waive`: accept what a check did not pass, or answer to somebody who does."""

from typing import Annotated

import typer

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import out, print_json, report_errors
from aqboard.cli.person import AsAccount, tell_person, whoever_types
from aqboard.domain.errors import LaunchError
from aqboard.domain.signing.clearance import Obstacle
from aqboard.domain.words import moment


def waive(
    number: Annotated[int, typer.Argument(help="The attempt.")],
    check: Annotated[str, typer.Argument(help="The check that did not pass.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the launch may go ahead all the same.")] = "",
    risk: Annotated[str, typer.Option("--risk", help="What happens if that is wrong.")] = "",
    days: Annotated[float, typer.Option("--days", help="How long it counts.")] = 7,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Say that nobody knows; for a check without verdict.")
    ] = False,
    answer: Annotated[
        bool | None, typer.Option("--confirm/--refuse", help="Answer to the waiver that is there already.")
    ] = None,
    account: AsAccount = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Accept a risk by name: propose a waiver, or confirm or refuse one as the second person."""
    from aqboard.signing import waive as work
    from aqboard.signing.clearance import clearance_of
    from aqboard.store import Store  # here: sqlite-utils costs a second where pandas is installed

    with report_errors(as_json=as_json), Store(database(db)) as store:
        if answer is not None and (reason or risk or unknown):
            raise LaunchError("--reason, --risk and --unknown belong to a new waiver, not to an answer.")
        stored = store.attempt(number)
        if answer is None:
            verdict = work.waivable(stored, check)
            if not (reason and risk):
                raise LaunchError(f"{check} said {verdict}. Say --reason and --risk, in words.")
        person = whoever_types(store, account)
        tell_person(person)
        if answer is None:
            made = work.propose(
                store, number, check, person=person, reason=reason, risk=risk, days=days, unknown=unknown
            )
            uid = made.uid
        else:
            uid = work.answer(store, number, check, person=person, confirm=answer).waiver.uid
        after = store.attempt(number)
        standing = next(s for s in after.waivers if s.waiver.uid == uid)
        between = clearance_of(after).between
    if as_json:
        left = [step.what for step in between]
        print_json({"waiver": standing.model_dump(mode="json"), "state": after.readiness.state.value, "between": left})
        return
    out.print(f"waiver for {check}: {standing.state}, until {moment(standing.waiver.expires_at)}", markup=False)
    out.print(f"attempt {number} is {after.readiness.state}: {after.readiness.sentence}", markup=False)
    for step in between:
        if step.kind is not Obstacle.READINESS:  # that is the line above
            out.print(f"  {step.what}", markup=False)
