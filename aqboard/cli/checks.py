"""`aqboard checks` and `aqboard explain`: what is asked, why, and when it passes."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from aqboard.checks.plugins import installed_suite
from aqboard.checks.selection import meant
from aqboard.cli.options import AsJson
from aqboard.cli.output import CANNOT_TELL, err, out, print_json


def checks(as_json: AsJson = False) -> None:
    """List the checks in reading order, those of installed packages last."""
    suite = installed_suite()
    if as_json:
        print_json(
            [
                {"check": c.id, "title": c.title, "stage": c.stage, "severity": c.severity, "question": c.question}
                for c in suite
            ]
        )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("check", "severity", "question"):
        table.add_column(column)
    for c in suite:
        table.add_row(c.id, c.severity.value, escape(c.question))
    out.print(table)


def explain(check_id: Annotated[str, typer.Argument(metavar="CHECK", help="A check's id, e.g. scan.rule.")]) -> None:
    """Say what a check asks, why it matters, and when it passes."""
    suite = installed_suite()
    for c in suite:
        if c.id == check_id:
            out.print(f"{c.id}: {c.title} ({c.severity.value})\n\n{c.page}\n\n{c.judge.__doc__}", markup=False)
            return
    err.print(f"error: there is no check {check_id!r}{meant(check_id, [c.id for c in suite])}.", markup=False)
    raise typer.Exit(CANNOT_TELL)
