"""`aqboard audit`: is the log of who did what still the one that was written?"""

import sys
from typing import Annotated

import typer

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import FOUND, OK, err, out, print_json, report_errors, tell_notes

app = typer.Typer(help="The append-only, hash-chained log of attempts, findings, decisions, waivers and scripts.")


@app.command("verify")
def verify(
    anchor: Annotated[
        list[str] | None,
        typer.Option("--anchor", metavar="NUMBER:HASH", help="A hash kept elsewhere; may be repeated."),
    ] = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Follow the chain and compare every row it tells of. Exit 0 whole, 1 not what was written, 2 cannot tell."""
    from aqboard.signing.audit import verified
    from aqboard.store import Store

    with report_errors(as_json=as_json), Store(database(db)) as store:
        report = verified(store, anchor or ())
    if as_json:
        print_json(report)
    else:
        for fault in report.faults:
            out.print(f"✘ {fault.what}", style="red", markup=False)
        word = "not what was written" if report.faults else "whole"
        compared = "1 hash kept elsewhere" if report.anchors == 1 else f"{report.anchors} hashes kept elsewhere"
        entries = "1 entry" if report.entries == 1 else f"{report.entries} entries"
        out.print(f"The log is {word}: {entries}, {compared} compared.", markup=False)
        out.print(f"anchor  {report.entries}:{report.head}", markup=False)
        tell_notes([report.note] if report.note else [])
    raise typer.Exit(FOUND if report.faults else OK)


@app.command("export")
def export(db: Database = None) -> None:
    """Write every entry to stdout as one line of JSON, and the newest hash to stderr."""
    from aqboard.signing.audit import exported
    from aqboard.store import Store
    from aqboard.store.audit import newest

    with report_errors(), Store(database(db)) as store:
        for line in exported(store):
            sys.stdout.write(line + "\n")
        last = newest(store.db)
    if last:
        err.print(f"anchor  {last.seq}:{last.hash}", markup=False)
