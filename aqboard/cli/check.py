"""`aqboard check`: run the suite on a plan."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import err, errors_told, print_json, tell_notes
from aqboard.cli.progress import ProbeProgress
from aqboard.cli.show import EXIT, as_document, tell
from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import TargetError
from aqboard.domain.readiness import State
from aqboard.workflow.targets import foreign_code, is_trusted, trust

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
) -> None:
    """Run every check on a launch plan and store the attempt. Exit 0 READY, 1 NOT READY, 2 cannot tell."""
    from aqboard.store import Store  # here: sqlite-utils costs a second where pandas is installed
    from aqboard.workflow.check import check as run_check
    from aqboard.workflow.check import prepare

    with errors_told(as_json=as_json):
        with ProbeProgress(shown=not as_json) as progress:
            attempt = prepare(plan, only=only or (), skip=skip or (), say=progress.note)
        _agree(attempt, agreed=trust_target, ask=sys.stdin.isatty() and not as_json)
        with ProbeProgress(shown=not as_json) as progress, Store(database(db), create=True) as store:
            tell_notes(store.access.notes)
            stored = run_check(attempt, store, listen=progress)
        if as_json:
            print_json(as_document(stored))
        else:
            tell(stored)
    if stored.readiness.state is State.INCOMPLETE:
        err.print(f"cannot tell: {_first_unknown(stored)}", markup=False)
    raise typer.Exit(EXIT[stored.readiness.state])


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
