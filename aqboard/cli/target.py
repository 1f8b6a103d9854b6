"""`aqboard target`: connect a model of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from aqboard.cli.output import out, report_errors
from aqboard.sessions.starter import write_starter

app = typer.Typer(help="Connect a model of your own.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Connect a model of your own."""


@app.command("new")
def new(folder: Annotated[Path, typer.Argument(help="A folder that is empty or does not exist yet.")]) -> None:
    """Write a commented target, a plan, and a stand-in model, ready for `aqboard check`."""
    with report_errors():
        for path in write_starter(folder):
            out.print(str(path), markup=False)
    out.print("")
    out.print(f"cd {folder}", markup=False)
    out.print("python demo_model.py                        # once: makes the stand-in's checkpoint")
    out.print("aqboard check plan.yaml --trust-target      # then replace the stand-in by your own model")
