"""`aqboard demo`: last week's launch and today's, really checked."""

from pathlib import Path
from typing import Annotated

import typer

from aqboard.cli.options import Database, database
from aqboard.cli.output import out, report_errors
from aqboard.cli.progress import ProgressDisplay
from aqboard.cli.show import tell


def demo(
    db: Database = None,
    again: Annotated[bool, typer.Option("--again", help="Check anew even when the attempts are there.")] = False,
    full: Annotated[
        Path | None,
        typer.Option("--full", metavar="FOLDER", help="Write caches and a model of real size there instead."),
    ] = None,
) -> None:
    """Build the two demo attempts by running the checks on real files: as found, and fixed."""
    from aqboard.sessions.demo import check_demo, installed_demo

    with report_errors():
        launches = installed_demo()
        with ProgressDisplay(shown=True) as progress:
            if full is not None:
                for path in launches.full(full, progress.note):
                    out.print(str(path), markup=False)
                return
            attempts = check_demo(database(db), launches, again=again, say=progress.note, listen=progress)
        for stored in attempts:
            tell(stored)
        if not attempts:
            out.print("The demo attempts are there already; --again checks anew.")
