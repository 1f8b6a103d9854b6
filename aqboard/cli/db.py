"""`aqboard db`: look after the database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import FOUND, out, print_json, report_errors, tell_notes
from aqboard.domain.words import size
from aqboard.settings import DATABASE, named_database

if TYPE_CHECKING:
    from aqboard.store.sqlite.maintenance import DatabaseReport

app = typer.Typer(help="Look after the database: check, back up, restore, vacuum.", no_args_is_help=True)


@app.command("path")
def path(db: Database = None, as_json: AsJson = False) -> None:
    """Say which file is the database, and what named it."""
    file = database(db).absolute()
    named = DATABASE if named_database() == str(db) else "--db"
    why = "the default" if db is None else named
    if as_json:
        print_json({"path": str(file), "exists": file.exists(), "named_by": why})
        return
    out.print(str(file), markup=False)
    out.print(f"named by {why}; {'it exists' if file.exists() else 'it does not exist yet'}", style="dim", markup=False)


@app.command("check")
def check(db: Database = None, as_json: AsJson = False) -> None:
    """Read every page: is the database whole? Exit 0 yes, 1 a fault was found, 2 cannot tell. Changes nothing."""
    from aqboard.store.sqlite.maintenance import inspect  # here: sqlite-utils costs a second where pandas is installed

    with report_errors(as_json=as_json):
        report = inspect(database(db))
    if as_json:
        print_json(report)
    else:
        _tell(report)
    if report.faults:
        raise typer.Exit(FOUND)


@app.command("backup")
def backup(
    db: Database = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="A new file, in place of backups/.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a verified copy while others read and write."""
    from aqboard.store.sqlite.maintenance import backup as make

    with report_errors(as_json=as_json):
        copy = make(database(db), to)
    if as_json:
        print_json({"backup": str(copy), "size": copy.stat().st_size})
    else:
        out.print(f"{copy}  ({size(copy.stat().st_size)}, verified)", markup=False)


@app.command("restore")
def restore(
    copy: Annotated[Path, typer.Argument(metavar="BACKUP", help="A file that `aqboard db backup` made.")],
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the database; the old one is moved aside, not deleted."""
    from aqboard.store.sqlite.maintenance import restore as put_back

    file = database(db)
    with report_errors(as_json=as_json):
        aside = put_back(copy, file)
    if as_json:
        print_json({"database": str(file), "from": str(copy), "replaced": None if aside is None else str(aside)})
        return
    out.print(f"{file} is now a copy of {copy}", markup=False)
    if aside is not None:
        out.print(f"what was there is kept as {aside}", markup=False)


@app.command("vacuum")
def vacuum(db: Database = None, as_json: AsJson = False) -> None:
    """Give free pages back to the disk; refused while anybody else has the database open."""
    from aqboard.store.sqlite.maintenance import vacuum as shrink

    file = database(db)
    with report_errors(as_json=as_json):
        before, after = shrink(file)
    if as_json:
        print_json({"path": str(file), "before": before, "after": after})
    else:
        out.print(f"{file}: {size(before)} before, {size(after)} after", markup=False)


def _tell(report: "DatabaseReport") -> None:
    for name, value in _lines(report):
        out.print(f"{name:<12} {value}", markup=False)
    tell_notes(report.notes)
    for fault in report.faults:
        out.print(f"✘ {fault}", style="red", markup=False)
    if not report.faults:
        out.print("✔ Every page is readable, every index and every reference agrees.", style="green", markup=False)


def _lines(report: "DatabaseReport") -> list[tuple[str, str]]:
    disk = report.disk
    rows = ", ".join(f"{count} {table}" for table, count in report.rows.items())
    kind = (
        f"{disk.kind}, mounted at {disk.mount_point}; locks: {disk.locks}" if disk.kind else "not told by this system"
    )
    lines = [
        ("database", str(report.path)),
        ("size", f"{size(report.size)}, log {size(report.log_size)}, {size(report.free)} to be gained by a vacuum"),
        ("disk", kind),
        ("may write", "no" if report.read_only else "yes"),
    ]
    if report.journal:
        lines += [("journal", report.journal), ("rows", rows), ("schema", _schema(report))]
    newest = f", newest {report.backups[0]}" if report.backups else ""
    return [*lines, ("backups", f"{len(report.backups)}{newest}")]


def _schema(report: "DatabaseReport") -> str:
    text = report.schema_steps[-1] if report.schema_steps else "none yet"
    if report.missing_steps:
        text += f"; {', '.join(report.missing_steps)} will be added when it is next opened, after a backup"
    if report.unknown_steps:
        text += f"; {', '.join(report.unknown_steps)} come from a newer aqboard"
    return text
