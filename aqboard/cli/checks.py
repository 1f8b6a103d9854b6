"""`aqboard checks`, `aqboard explain`, `aqboard profiles`: what this version asks, and which clusters it knows."""

from typing import Annotated

import typer

from aqboard.checks.selection import meant
from aqboard.checks.suite import installed_suite
from aqboard.cli.options import AsJson
from aqboard.cli.output import CANNOT_TELL, err, out, print_json, print_rows, report_errors
from aqboard.domain.cluster import ClusterProfile, cite
from aqboard.launch.facts import facts
from aqboard.launch.profile import load_profile, profile_faults, profile_files


def checks(as_json: AsJson = False) -> None:
    """List the checks in reading order, those of installed packages last."""
    suite = installed_suite()
    if as_json:
        print_json(
            [
                {"check": c.id, "title": c.title, "stage": c.stage, "severity": c.severity, "question": c.question}
                for c in suite
            ]
        )
        return
    print_rows([{"check": c.id, "severity": c.severity.value, "question": c.question} for c in suite])


def explain(check_id: Annotated[str, typer.Argument(metavar="CHECK", help="A check's id, e.g. scan.rule.")]) -> None:
    """Say what a check asks, why it matters, and when it passes."""
    suite = installed_suite()
    for c in suite:
        if c.id == check_id:
            out.print(f"{c.id}: {c.title} ({c.severity.value})\n\n{c.page}\n\n{c.judge.__doc__}", markup=False)
            return
    err.print(f"error: there is no check {check_id!r}{meant(check_id, [c.id for c in suite])}.", markup=False)
    raise typer.Exit(CANNOT_TELL)


def profiles(as_json: AsJson = False) -> None:
    """List the cluster profiles with their limits, each with its source and the day it was read."""
    with report_errors(as_json=as_json):
        files = profile_files()
        known = {name: load_profile(name) for name in sorted(files)}
        for fault in profile_faults():
            err.print(f"note: {fault}", markup=False)
    if as_json:
        print_json([{**profile.model_dump(mode="json"), "file": str(files[name])} for name, profile in known.items()])
        return
    for name, profile in known.items():
        _tell(profile, str(files[name]))


def _tell(profile: ClusterProfile, file: str) -> None:
    out.print(f"{profile.name}: {profile.title}", style="bold", markup=False)
    out.print(f"  {file}", style="dim", markup=False)
    for fact in facts(profile):
        out.print(f"  {fact.what}: {fact.value}", markup=False)
        out.print(f"      {cite(fact.source)}", style="dim", markup=False)
    out.print()
