"""`aqboard launch` and `aqboard jobs`: hand a signed launch to Slurm, and see what becomes of it."""

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape
from typer.core import TyperGroup

from aqboard.cli.options import AsJson, Database, database
from aqboard.cli.output import FOUND, err, out, print_json, report_errors, table
from aqboard.cli.person import AsAccount, tell_person, whoever_types

if TYPE_CHECKING:
    from aqboard.domain.identity import Identity
    from aqboard.domain.job.slurm_job import End, JobRecord
    from aqboard.jobs.rehearse import Rehearsal
    from aqboard.store import Store, StoredAttempt

Ended = Literal["completed", "failed", "cancelled", "timeout"]
ENDS: dict[Ended, "End"] = {
    "completed": "COMPLETED",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
    "timeout": "TIMEOUT",
}

COLOUR = {"PENDING": "yellow", "RUNNING": "cyan", "COMPLETED": "green", "UNKNOWN": "dim", "CANCELLED": "dim"}
"""By Slurm's word; every other state is a bad end."""


def launch(
    attempt: Annotated[int, typer.Argument(help="Number of the attempt; it must be READY and signed.")],
    db: Database = None,
    as_json: AsJson = False,
    canary: Annotated[
        bool, typer.Option("--canary/--no-canary", help="Submit the plan's canary first, where it has one.")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask Slurm, and submit nothing.")] = False,
    account: AsAccount = None,
) -> None:
    """Submit a signed launch to Slurm. Exit 0 submitted, 1 refused (and why), 2 cannot tell: Slurm does not answer."""
    from aqboard.jobs.rehearse import Refused, rehearse
    from aqboard.jobs.slurm import Slurm
    from aqboard.jobs.submit import submit
    from aqboard.store import Store

    with report_errors(as_json=as_json), Store(database(db)) as store:
        try:
            rehearsals = rehearse(store.attempt(attempt), Slurm(), canary=canary)
            if not as_json:
                _tell(rehearsals)
            if faults := tuple(fault for part in rehearsals for fault in part.faults):
                raise Refused(faults)
            taken = () if dry_run else submit(store, attempt, Slurm(), person=_person(store, account), canary=canary)
        except Refused as refused:
            if as_json:
                print_json({"error": {"code": refused.code, "message": refused.message}, "reasons": refused.reasons})
            for reason in refused.reasons:
                err.print(f"refused: {reason}", style="red", markup=False)
            raise typer.Exit(FOUND) from None
    if as_json:
        asked = [{"role": r.role, "script": str(r.script), "words": r.words} for r in rehearsals]
        print_json({"rehearsed": asked, "submitted": [part.model_dump(mode="json") for part in taken]})
        return
    for part in taken:
        after = f", after job {part.after}" if part.after else ""
        out.print(f"submitted: {part.role}, job {part.job}{after}; log {part.log}", markup=False)
    out.print(f"`aqboard jobs {attempt} --follow` follows it." if taken else "Nothing was submitted.", markup=False)


class _ShowsByDefault(TyperGroup):
    """`aqboard jobs`, `aqboard jobs 3`: what is no subcommand is meant for `show`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_ShowsByDefault, no_args_is_help=False, help="Launched jobs: where they stand, and cancel them.")


@app.command()
def show(
    attempt: Annotated[int | None, typer.Argument(help="Only this attempt's jobs.")] = None,
    db: Database = None,
    as_json: AsJson = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Ask again until every job is over.")] = False,
    every: Annotated[float, typer.Option("--every", min=5, metavar="SECONDS", help="With --follow.")] = 20.0,
) -> None:
    """Where the launched jobs stand, asked of Slurm now. Exit 0, or 1 when the newest launch ended badly."""
    from aqboard.store import Store

    with report_errors(as_json=as_json), Store(database(db)) as store:
        records = _look(store, attempt, as_json=as_json)
        while follow and any(not record.over and record.state != "UNKNOWN" for record in records):
            time.sleep(every)
            records = _look(store, attempt, as_json=as_json)
    newest = next((record for record in records if record.submission.role == "launch"), None)
    if newest is not None and newest.over and newest.state != "COMPLETED":
        raise typer.Exit(FOUND)


@app.command()
def cancel(
    job: Annotated[str, typer.Argument(help="Slurm's number of a job that was submitted with `aqboard launch`.")],
    db: Database = None,
    as_json: AsJson = False,
    account: AsAccount = None,
) -> None:
    """Cancel a launched job; a launch that waits for a cancelled canary is dropped by Slurm."""
    from aqboard.jobs.follow import cancel as cancel_job
    from aqboard.jobs.slurm import Slurm
    from aqboard.store import Store

    with report_errors(as_json=as_json), Store(database(db)) as store:
        submission = cancel_job(store, job, Slurm(), person=_person_for(store, job, account))
        number = next(row.number for row in store.attempts() if row.uid == submission.attempt)
    if as_json:
        print_json(submission)
    else:
        out.print(f"Slurm was asked to cancel job {job}, the {submission.role} of attempt {number}.")


@app.command()
def settle(
    job: Annotated[str, typer.Argument(help="Slurm's number of a launched job that Slurm has forgotten.")],
    end: Annotated[Ended, typer.Option("--as", help="How it ended.")],
    reason: Annotated[str, typer.Option("--reason", help="How you know; for the next person who asks.")],
    db: Database = None,
    as_json: AsJson = False,
    account: AsAccount = None,
) -> None:
    """Say how a job ended that Slurm has forgotten, so that the launch can be submitted again; it is recorded."""
    from aqboard.jobs.settle import settle as settle_job
    from aqboard.jobs.slurm import Slurm
    from aqboard.store import Store

    with report_errors(as_json=as_json), Store(database(db)) as store:
        said = settle_job(store, job, Slurm(), person=_person_for(store, job, account), state=ENDS[end], reason=reason)
    if as_json:
        print_json(said)
    else:
        out.print(f"job {job} counts as {end}, because {said.person} says so: {said.reason}", markup=False)


def _person(store: "Store", account: str | None) -> "Identity":
    """Who types; said, because it is recorded."""
    person = whoever_types(store, account)
    tell_person(person)
    return person


def _person_for(store: "Store", job: str, account: str | None) -> "Identity":
    """Who types; the job is looked for before anybody types a password."""
    from aqboard.store.jobs import Jobs

    Jobs(store).find(job)
    return _person(store, account)


def _look(store: "Store", attempt: int | None, *, as_json: bool) -> tuple["JobRecord", ...]:
    """Refresh and show the jobs of one attempt or of all."""
    from aqboard.jobs.follow import refresh
    from aqboard.jobs.slurm import Slurm
    from aqboard.store.jobs import Jobs

    asked: list[StoredAttempt] = []
    if attempt is not None:
        asked = [store.attempt(attempt)]
    else:
        launched = {record.submission.attempt for record in Jobs(store).all()}
        asked = [store.attempt(row.number) for row in store.attempts() if row.uid in launched]
    numbers = {stored.attempt.uid: stored.number for stored in asked}
    records: list[JobRecord] = []
    for stored in asked:
        followed = refresh(store, stored, Slurm())
        records += followed.jobs
        for note in followed.notes:
            err.print(f"note: {note}", markup=False)
    if as_json:
        print_json([_document(record, numbers) for record in records])
    else:
        _show(records, numbers)
    return tuple(records)


def _document(record: "JobRecord", numbers: dict[str, int]) -> dict[str, object]:
    from aqboard.sessions.preflight_reports import reasons
    from aqboard.show.jobs import in_words

    return {
        "number": numbers[record.submission.attempt],
        **record.model_dump(mode="json"),
        "state": record.state,
        "in_words": in_words(record),
        "reasons": reasons(record),
    }


def _show(records: list["JobRecord"], numbers: dict[str, int]) -> None:
    from aqboard.sessions.preflight_reports import reasons
    from aqboard.show.jobs import in_words, loss_words

    if not records:
        out.print("No jobs. `aqboard launch ATTEMPT` submits a signed launch.")
        return
    made = table("attempt", "job", "what", "state", "where it stands", "val_loss")
    for record in records:
        submission, state = record.submission, record.state or "submitted"
        text = escape(in_words(record)) + "".join(f"\n[dim]→ {escape(why)}[/]" for why in reasons(record))
        made.add_row(
            str(numbers[submission.attempt]),
            submission.job,
            submission.role,
            f"[{COLOUR.get(state, 'red')}]{state}[/]",
            text,
            loss_words(record),
        )
    out.print(made)


def _tell(rehearsals: tuple["Rehearsal", ...]) -> None:
    for part in rehearsals:
        mark = "[red]✘[/]" if part.faults else "[green]✔[/]"
        out.print(f"{mark} {part.role}: {escape(part.words)}")
