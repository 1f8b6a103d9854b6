"""`aqboard script`: judge an sbatch script, our own or anybody else's, before it is submitted."""

from pathlib import Path
from typing import Annotated

import typer

from aqboard.cli.options import AsJson
from aqboard.cli.output import FOUND, OK, err, out, print_json, report_errors
from aqboard.launch.profile import all_profiles, load_profile, profile_faults
from aqboard.lint.check import lint
from aqboard.lint.parse.source import read_text
from aqboard.lint.report import LintFinding, LintReport
from aqboard.lint.rules.rule import Level
from aqboard.lint.rules.suite import installed_rules
from aqboard.sessions.plan_file import read_plan

app = typer.Typer(help="Job scripts: lint.", no_args_is_help=True)

STYLES = {Level.ERROR: "red", Level.WARNING: "yellow"}


@app.callback()
def _group() -> None:
    """Job scripts: lint."""


@app.command("lint")
def lint_command(
    file: Annotated[Path, typer.Argument(help="An sbatch script.")],
    profile: Annotated[
        str | None, typer.Option(help="The cluster it is for, see `aqboard profiles`. Else recognised where possible.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="A launch plan whose nodes and GPUs must be the script's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a script by the lint rules. Nothing in it is run.

    Exit 0 clean, 1 findings, 2 the file cannot be read or is not a script. `# aqboard: ignore RULE REASON` accepts one.
    """
    with report_errors(as_json=as_json):
        text = read_text(file)
        cluster = read_plan(plan)[0].cluster if plan else None
        named = profile or (cluster.profile if cluster else None)
        report = lint(
            text,
            str(file),
            profiles=() if named else all_profiles(),
            profile=load_profile(named) if named else None,
            plan=cluster,
            rules=installed_rules(),
        )
        for fault in () if named else profile_faults():
            err.print(f"note: {fault}", markup=False)
    if as_json:
        print_json(report)
    else:
        _tell(report)
    raise typer.Exit(FOUND if report.counted else OK)


def _tell(report: LintReport) -> None:
    for finding in report.counted:
        _tell_finding(report.name, finding)
    for finding in report.waived:
        out.print(
            f"{report.name}:{finding.line}: waived: {finding.number} {finding.rule}: {finding.waived}",
            style="dim",
            markup=False,
        )
    for note in report.notes:
        out.print(f"note: {note}", style="dim", markup=False)
    out.print(f"{report.sentence} {report.held_against}".rstrip(), style="bold", markup=False)


def _tell_finding(name: str, finding: LintFinding) -> None:
    where = f"{name}:{finding.line}:{finding.column}"
    out.print(f"{where}: {finding.level}: {finding.number} {finding.rule}", style=STYLES[finding.level], markup=False)
    out.print(f"  | {finding.excerpt}", style="bold", markup=False)
    out.print(f"  {finding.message}", markup=False)
    out.print(f"  fix: {finding.fix}", markup=False)
    out.print(f"  why: {finding.why}", style="dim", markup=False)
    out.print(f"       {finding.source}", style="dim", markup=False)
    out.print()
