"""`aqboard sessions`, `aqboard cancel`, `aqboard import`: what runs, ran, or is to stop."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import err, out, print_json, report_errors, table, tell_waiting
from aqboard.domain.errors import StoreError
from aqboard.domain.session.check_session import SessionState
from aqboard.domain.words import moment, printable

if TYPE_CHECKING:
    from aqboard.sessions.control import SessionView

Name = Annotated[str, typer.Argument(metavar="SESSION", help="Its number, or the beginning of its uid.")]
COLOUR = {
    SessionState.QUEUED: "dim",
    SessionState.RUNNING: "cyan",
    SessionState.DONE: "green",
    SessionState.FAILED: "red",
    SessionState.CANCELLED: "yellow",
    SessionState.LOST: "red",
}
CANCEL_WAIT_S = 5.0


def sessions(
    db: Database = None,
    as_json: AsJson = False,
    attempt: Annotated[int | None, typer.Option("--attempt", help="Those of one attempt alone.")] = None,
) -> None:
    """List the check sessions, newest first, after reading what is new of each."""
    from aqboard.sessions.control import view
    from aqboard.sessions.ingest import RetryPolicy, ingest_open
    from aqboard.show.sessions import backend_words, overall
    from aqboard.store import Store  # here: sqlite-utils costs a second where pandas is installed
    from aqboard.store.sessions import Sessions

    with report_errors(as_json=as_json), Store(database(db)) as store:
        try:
            troubles = ingest_open(store, patience=RetryPolicy(say=tell_waiting))
        except StoreError as error:
            troubles = (f"What is new could not be stored. {error.message}",)
        for trouble in troubles:
            err.print(f"warning: {trouble}", style="yellow", markup=False)
        views = [view(store, row) for row in Sessions(store).all(attempt=attempt)]
    if as_json:
        print_json([as_document(each) for each in views])
        return
    made = table("session", "attempt", "when", "by", "backend", "state", "probes", "now")
    for column in made.columns[:-1]:
        column.no_wrap = True
    for each in views:
        row, state, far = each.row, each.standing.state, overall(each)
        made.add_row(
            str(row.number),
            str(row.attempt),
            moment(row.session.created_at),
            escape(printable(row.session.requested_by)),
            backend_words(row),
            f"[{COLOUR[state]}]{state}[/]",
            far.ended,
            escape(printable(each.standing.why or far.now)),
        )
    out.print(made if views else "No sessions yet. `aqboard check PLAN` starts one.")


def cancel(session: Name, db: Database = None, as_json: AsJson = False) -> None:
    """Stop a session. What it has measured is kept; a check that it did not get to keeps its earlier verdict."""
    from aqboard.sessions.control import cancel as ask
    from aqboard.sessions.control import view
    from aqboard.sessions.ingest import RetryPolicy, ingest
    from aqboard.store import Store
    from aqboard.store.sessions import Sessions

    patience = RetryPolicy(say=tell_waiting)
    with report_errors(as_json=as_json), Store(database(db)) as store:
        row = Sessions(store).find(session)
        standing, until = ask(store, row, patience=patience), time.monotonic() + CANCEL_WAIT_S
        while not standing.state.over and time.monotonic() < until:
            time.sleep(0.2)
            standing = ingest(store, row, patience=patience)
        shown = view(store, row)
    if as_json:
        print_json(as_document(shown))
    else:
        out.print(f"session {row.number} is {standing.state}. {printable(standing.why)}", markup=False)


def import_session(
    folder: Annotated[Path, typer.Argument(help="A session's folder, copied from where it ran.")],
    db: Database = None,
    as_json: AsJson = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Take one without a last line: its digest cannot be checked.")
    ] = False,
) -> None:
    """Import a session that ran on another machine, after holding it against its own digests."""
    from aqboard.sessions.control import view
    from aqboard.sessions.import_session import import_folder
    from aqboard.sessions.ingest import RetryPolicy
    from aqboard.store import Store

    with report_errors(as_json=as_json), Store(database(db), create=True) as store:
        row, standing = import_folder(store, folder, unfinished=unfinished, patience=RetryPolicy(say=tell_waiting))
        shown = view(store, row)
    if as_json:
        print_json(as_document(shown))
        return
    out.print(f"session {row.number} is {standing.state}. {printable(standing.why)}".strip(), markup=False)
    out.print(f"`aqboard attempts {row.attempt}` shows what it found.", markup=False)


def as_document(each: "SessionView") -> dict[str, object]:
    """A session as plain data."""
    return {
        "session": each.row.number,
        "uid": each.row.session.uid,
        "attempt": each.row.attempt,
        "backend": each.row.session.backend,
        "requested_by": each.row.session.requested_by,
        "created_at": each.row.session.created_at.isoformat(),
        "imported": each.row.imported,
        "folder": str(each.row.folder),
        "state": each.standing.state.value,
        "why": each.standing.why,
        "probes": [probe.model_dump(mode="json") for probe in each.probes],
    }
