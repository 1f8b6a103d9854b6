"""`aqboard check`, `aqboard checks`, `aqboard explain`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from aqboard.checks import SUITE
from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import CANNOT_TELL, err, errors_told, out, print_json
from aqboard.cli.progress import ProbeProgress
from aqboard.cli.show import EXIT, as_document, tell
from aqboard.domain.readiness import State

if TYPE_CHECKING:
    from aqboard.store import StoredAttempt


def check(
    plan: Annotated[Path, typer.Argument(help="The launch plan, a YAML file.")],
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Run every check on a launch plan and store the attempt. Exit 0 READY, 1 NOT READY, 2 cannot tell."""
    from aqboard.store import Store  # here: sqlite-utils costs a second where pandas is installed
    from aqboard.workflow.check import check as run_check
    from aqboard.workflow.check import prepare

    with errors_told(as_json=as_json):
        with ProbeProgress(shown=not as_json) as progress:
            attempt = prepare(plan, say=progress.note)
            with Store(database(db), create=True) as store:
                stored = run_check(attempt, store, listen=progress)
        if as_json:
            print_json(as_document(stored))
        else:
            tell(stored)
    if stored.readiness.state is State.INCOMPLETE:
        err.print(f"cannot tell: {_first_unknown(stored)}", markup=False)
    raise typer.Exit(EXIT[stored.readiness.state])


def checks(as_json: AsJson = False) -> None:
    """List the checks in reading order."""
    if as_json:
        print_json(
            [
                {"check": c.id, "title": c.title, "stage": c.stage, "severity": c.severity, "question": c.question}
                for c in SUITE
            ]
        )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("check", "severity", "question"):
        table.add_column(column)
    for c in SUITE:
        table.add_row(c.id, c.severity.value, escape(c.question))
    out.print(table)


def explain(check_id: Annotated[str, typer.Argument(metavar="CHECK", help="A check's id, e.g. scan.rule.")]) -> None:
    """Say what a check asks, why it matters, and when it passes."""
    for c in SUITE:
        if c.id == check_id:
            out.print(f"{c.id}: {c.title}\n\n{c.page}\n\n{c.judge.__doc__}", markup=False)
            return
    err.print(f"error: there is no check {check_id!r}; there are {', '.join(c.id for c in SUITE)}.", markup=False)
    raise typer.Exit(CANNOT_TELL)


def _first_unknown(stored: "StoredAttempt") -> str:
    unknown = stored.readiness.unknown
    for finding in stored.findings:
        if finding.check in unknown:
            return f"{finding.title}: {finding.summary}"
    return f"{len(unknown)} checks did not run."
