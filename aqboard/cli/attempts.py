"""`aqboard attempts`: the history in a terminal."""

from typing import Annotated

import typer
from rich.markup import escape

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import out, print_json, report_errors, table, tell_notes
from aqboard.cli.show import COLOUR, as_document, tell
from aqboard.domain.words import moment

MOST = 50
"""Rows of the table in a terminal; a document has them all."""


def attempts(
    number: Annotated[int | None, typer.Argument(help="Show one attempt's checklist.")] = None,
    db: Database = None,
    as_json: AsJson = False,
    whole: Annotated[bool, typer.Option("--all", help=f"All of them, not the newest {MOST} alone.")] = False,
) -> None:
    """List the attempts, newest first, or show one."""
    from aqboard.signing.clearance import stale
    from aqboard.store import Store  # here: sqlite-utils costs a second where pandas is installed

    with report_errors(as_json=as_json), Store(database(db)) as store:
        tell_notes(store.access.notes)
        if number is not None:
            stored = store.attempt(number)
            changes = stale(stored)
            if as_json:
                print_json({**as_document(stored), "stale": list(changes)})
                return
            tell(stored)
            for change in changes:
                out.print(f"[yellow]stale[/]  {escape(change)}")
            return
        rows = store.attempts()
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    made = table("attempt", "when", "name", "author", "GPUs", "state", "decision")
    for column in made.columns:
        column.no_wrap = column.header not in ("name", "author", "decision")
    for row in rows if whole else rows[:MOST]:
        state = row.readiness.state
        made.add_row(
            str(row.number),
            moment(row.created_at),
            escape(row.name),
            escape(row.author),
            str(row.gpus),
            f"[{COLOUR[state]}]{state}[/]",
            escape(row.decision),
        )
    out.print(made if rows else "No attempts yet. `aqboard check PLAN` makes one.")
    if not whole and len(rows) > MOST:
        out.print(f"The newest {MOST} of {len(rows)}; `--all` shows every one.", markup=False)
