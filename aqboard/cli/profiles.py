"""`aqboard profiles`: the clusters a plan can name, what is known about each, and where it was read."""

from typing import Annotated

import typer

from aqboard.cli.output import errors_told, out, print_json
from aqboard.domain.cluster import ClusterProfile, cite
from aqboard.launch.facts import facts
from aqboard.launch.profile import load_profile, profile_files


def profiles(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """List the cluster profiles with their limits, each with its source and the day it was read."""
    with errors_told(as_json=as_json):
        files = profile_files()
        known = {name: load_profile(name) for name in sorted(files)}
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
