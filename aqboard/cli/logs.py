"""`aqboard logs`: what a session's probes printed, and with `-f` what they do."""

import sys
import time
from typing import Annotated

import typer

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import err, print_json, report_errors, tell_waiting
from aqboard.cli.progress import ProgressDisplay
from aqboard.cli.sessions import Name
from aqboard.cli.sessions import as_document as session_document
from aqboard.domain.words import printable

POLL_S = 0.5


def logs(
    session: Name,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the session has ended.")] = False,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show what a session printed; progress goes to stderr. Ctrl-C stops the showing, not the session."""
    from aqboard.sessions.control import log_tail, view
    from aqboard.sessions.ingest import RetryPolicy, ingest
    from aqboard.store import Store  # here: sqlite-utils costs a second where pandas is installed
    from aqboard.store.sessions import Sessions

    with report_errors(as_json=as_json), Store(database(db)) as store:
        row = Sessions(store).find(session)
        parts: list[str] = []
        position = after = 0
        progress = ProgressDisplay(shown=not as_json, lasting=True)
        while True:
            standing = ingest(store, row, patience=RetryPolicy(say=tell_waiting))
            for heard in Sessions(store).events(row.session.uid, after):
                after = heard.id
                progress(heard.event)
            while (text := log_tail(row, position))[0]:
                position = text[1]
                parts.append(printable(text[0]))
                if not as_json:
                    sys.stdout.write(parts.pop())
            sys.stdout.flush()
            if standing.state.over or not follow:
                break
            time.sleep(POLL_S)
        if as_json:
            print_json({**session_document(view(store, row)), "log": "".join(parts)})
        else:
            err.print(f"session {row.number} is {standing.state}. {printable(standing.why)}".strip(), markup=False)
