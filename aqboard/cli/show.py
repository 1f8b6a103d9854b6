"""How an attempt reads in a terminal, and as a JSON document."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from aqboard.cli.output import CANNOT_TELL, FOUND, OK, out
from aqboard.domain.attempt import day
from aqboard.domain.finding import Verdict
from aqboard.domain.readiness import State
from aqboard.domain.signing.waiver import WaiverState

if TYPE_CHECKING:
    from aqboard.store import StoredAttempt

EXIT = {State.READY: OK, State.NOT_READY: FOUND, State.INCOMPLETE: CANNOT_TELL}
COLOUR = {State.READY: "green", State.NOT_READY: "red", State.INCOMPLETE: "yellow"}
MARK = {
    Verdict.PASS: "[green]✔ pass[/]",
    Verdict.WARN: "[yellow]▲ warn[/]",
    Verdict.FAIL: "[red]✘ fail[/]",
    Verdict.ERROR: "[magenta]! error[/]",
    Verdict.SKIP: "[dim]– skip[/]",
}


def as_document(stored: "StoredAttempt") -> dict[str, object]:
    """Everything about an attempt but the evidence, as plain data."""
    return {
        "attempt": stored.number,
        "uid": stored.attempt.uid,
        "name": stored.attempt.name,
        "state": stored.readiness.state.value,
        "readiness": stored.readiness.model_dump(mode="json"),
        "findings": [finding.model_dump(mode="json") for finding in stored.findings],
        "waivers": [standing.model_dump(mode="json") for standing in stored.waivers],
        "inputs": [file.model_dump(mode="json") for file in stored.attempt.inputs],
    }


def tell(stored: "StoredAttempt") -> None:
    """Print the checklist and the state."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("verdict", "check", "what was found"):
        table.add_column(column, overflow="fold")
    for finding in stored.findings:
        text = escape(finding.summary)
        if finding.remedy and finding.verdict is not Verdict.PASS:
            text += f"\n[dim]→ {escape(finding.remedy)}[/]"
        if finding.usual_severity is not None:
            text += f"\n[dim]the plan says {finding.severity.value}, usually {finding.usual_severity.value}[/]"
        table.add_row(MARK[finding.verdict], escape(finding.title), text)
    out.print(table)
    for standing in stored.waivers:
        waiver = standing.waiver
        until = f"until {day(waiver.expires_at)} UTC" if standing.state is WaiverState.IN_FORCE else standing.why
        line = f"waiver ({standing.state}) for {waiver.check}, which said {waiver.verdict}: {waiver.person}, {until}"
        out.print(line, style="yellow", markup=False)
    state = stored.readiness.state
    title = f"attempt {stored.number}: {escape(stored.attempt.name)}"
    text = f"[bold {COLOUR[state]}]{state}[/]  {stored.readiness.sentence}"
    out.print(Panel(text, title=title, expand=False), soft_wrap=False)
