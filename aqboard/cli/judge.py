"""`aqboard judge`: what today's checks say of evidence that was measured before."""

from typing import Annotated

import typer
from rich.markup import escape

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import FOUND, OK, out, print_json, report_errors, table


def judge(
    number: Annotated[int, typer.Argument(help="The attempt.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; store nothing.")] = False,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Judge stored evidence again with today's checks. Exit 0 nothing changed, 1 something did, 2 cannot tell.

    Nothing is measured anew. What changed is stored as new findings; the old ones stay, and a GO on them is void.
    """
    from aqboard.cli.show import MARK, tell
    from aqboard.sessions.rejudge import judge_again, rejudge
    from aqboard.store import Store  # here: sqlite-utils costs a second where pandas is installed

    with report_errors(as_json=as_json), Store(database(db)) as store:
        found = rejudge(store.attempt(number)) if dry_run else judge_again(store, number)
        stored = store.attempt(number)
    if as_json:
        print_json(
            {
                "attempt": number,
                "stored": bool(found.changes) and not dry_run,
                "state": stored.readiness.state.value,
                "changes": [
                    {
                        "check": change.now.check,
                        "before": change.before.model_dump(mode="json") if change.before else None,
                        "now": change.now.model_dump(mode="json"),
                    }
                    for change in found.changes
                ],
                "unchanged": len(found.findings) - len(found.changes),
                "kept": list(found.kept),
                "gone": list(found.gone),
                "not_asked": list(found.not_asked),
            }
        )
        raise typer.Exit(FOUND if found.changes else OK)
    made = table("before", "now", "check", "what today's check says")
    for change in found.changes:
        before = MARK[change.before.verdict] if change.before else "[dim]not run[/]"
        made.add_row(before, MARK[change.now.verdict], escape(change.now.title), escape(change.now.summary))
    if found.changes:
        out.print(made)
    out.print(f"{len(found.changes)} of {len(found.findings)} findings changed.", markup=False)
    for what, checks in (
        ("Kept as they were, without complete evidence", found.kept),
        ("Not known to this version, kept as they were", found.gone),
        ("New since, not asked of this attempt", found.not_asked),
    ):
        if checks:
            out.print(f"{what}: {', '.join(checks)}.", markup=False)
    if found.changes and not dry_run:
        out.print("The new findings are stored beside the old ones.", markup=False)
        tell(stored)
    elif found.changes:
        out.print("Nothing was stored (--dry-run).", markup=False)
    raise typer.Exit(FOUND if found.changes else OK)
