"""`aqboard check`: run the suite on a plan."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import CANNOT_TELL, err, out, print_json, report_errors, tell_notes, tell_waiting
from aqboard.cli.progress import ProgressDisplay
from aqboard.cli.show import EXIT, as_document, tell
from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import TargetError
from aqboard.domain.readiness import State
from aqboard.domain.session.check_session import SessionState
from aqboard.sessions.backends import BACKENDS
from aqboard.sessions.backends import backend as known_backend
from aqboard.sessions.trust import foreign_code, is_trusted, trust

if TYPE_CHECKING:
    from aqboard.store import StoredAttempt

Ids = list[str] | None


def check(
    plan: Annotated[Path, typer.Argument(help="The launch plan, a YAML file.")],
    db: Database = None,
    as_json: AsJson = False,
    only: Annotated[Ids, typer.Option("--only", metavar="CHECK", help="Ask this check alone; may be repeated.")] = None,
    skip: Annotated[Ids, typer.Option("--skip", metavar="CHECK", help="Leave this check out; may be repeated.")] = None,
    trust_target: Annotated[
        bool, typer.Option("--trust-target", help="Agree to run the plan's own builder; remembered until it changes.")
    ] = False,
    backend: Annotated[str, typer.Option("--backend", help=f"Where to run: {', '.join(BACKENDS)}.")] = "local",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the verdicts, or only start.")] = True,
) -> None:
    """Run every check on a launch plan and store the attempt. Exit 0 READY, 1 NOT READY, 2 cannot tell.

    The checks run in a session of their own, which Ctrl-C does not stop. With --no-wait, exit 0 means it was started.
    """
    from aqboard.sessions.control import follow, require_writable_place, start
    from aqboard.sessions.ingest import RetryPolicy
    from aqboard.sessions.prepare import prepare
    from aqboard.store import Store  # here: sqlite-utils costs a second where pandas is installed

    with report_errors(as_json=as_json):
        known_backend(backend)
        require_writable_place(database(db))
        with ProgressDisplay(shown=not as_json) as progress:
            attempt = prepare(plan, only=only or (), skip=skip or (), say=progress.note)
        _agree(attempt, agreed=trust_target, ask=sys.stdin.isatty() and not as_json)
        patience = RetryPolicy(say=tell_waiting)
        with patience.run(lambda: Store(database(db), create=True)) as store:
            tell_notes(store.access.notes)
            row = start(store, attempt, backend_name=backend, patience=patience)
            if not wait:
                _tell_started(row.number, row.attempt, as_json=as_json)
                return
            try:
                with ProgressDisplay(shown=not as_json) as progress:
                    standing = follow(store, row, listen=progress, patience=patience)
            except KeyboardInterrupt:
                err.print(f"Session {row.number} goes on. {_how_to_reach(row.number)}", markup=False)
                raise typer.Exit(CANNOT_TELL) from None
            stored = store.attempt(row.attempt)
        if as_json:
            print_json(as_document(stored))
        else:
            tell(stored)
    if standing.state is not SessionState.DONE:
        err.print(f"session {row.number} is {standing.state}. {standing.why}", markup=False)
    if stored.readiness.state is State.INCOMPLETE:
        err.print(f"cannot tell: {_first_unknown(stored)}", markup=False)
    raise typer.Exit(EXIT[stored.readiness.state])


def _tell_started(session: int, attempt: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"session": session, "attempt": attempt})
    else:
        out.print(f"session {session} for attempt {attempt} was started. {_how_to_reach(session)}", markup=False)


def _how_to_reach(session: int) -> str:
    return f"`aqboard logs -f {session}` follows it, `aqboard cancel {session}` stops it, `aqboard sessions` lists all."


def _agree(attempt: Attempt, *, agreed: bool, ask: bool) -> None:
    """Make sure that a person has agreed to run the plan's own builder; raises TargetError when nobody has."""
    code = foreign_code(attempt)
    if code is None or is_trusted(code):
        return
    told = f"This plan runs code that is not aqboard's, with your rights: {attempt.plan.target.builder} in {code.path}"
    if not agreed and not ask:
        raise TargetError(f"{told}. Read it, then add --trust-target; you are asked again when the file changes.")
    if not agreed and not typer.confirm(
        f"{told} (SHA-256 {code.sha256[:12]}). Have you read it, and may it run?", err=True
    ):
        raise TargetError("Nothing was run.")
    trust(code)


def _first_unknown(stored: "StoredAttempt") -> str:
    unknown = stored.readiness.unknown
    for finding in stored.findings:
        if finding.check in unknown:
            return f"{finding.title}: {finding.summary}"
    return f"{len(unknown)} checks did not run."
