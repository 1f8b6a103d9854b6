"""`aqboard cache`: what a scan cache holds, how caches relate, and where one may be found."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from aqboard.cli import tables
from aqboard.cli.options import AsJson
from aqboard.cli.output import CANNOT_TELL, FOUND, OK, err, print_json, report_errors
from aqboard.domain.cache import CacheFacts
from aqboard.readers import guarded
from aqboard.readers.caches.hunt import find_caches
from aqboard.readers.caches.mentions import SEARCHED, find_mentions
from aqboard.readers.caches.walk import Wanted, walk
from aqboard.readers.errors import ReadError

app = typer.Typer(help="Scan caches: show, compare, group, find, mentions.", no_args_is_help=True)

_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

File = Annotated[Path, typer.Argument(help="A cache file: pickle, torch, .npz or .safetensors.")]
Files = Annotated[list[Path], typer.Argument(help="Cache files.")]


@app.command()
def show(file: File, as_json: AsJson = False) -> None:
    """Tell what one cache file holds. Exit 1 when an order is no permutation."""
    with report_errors(as_json=as_json):
        facts = guarded.inspect_cache(file)
    if as_json:
        print_json(facts)
    else:
        tables.tell_facts(facts)
    raise typer.Exit(OK if facts.valid else FOUND)


@app.command()
def compare(a: File, b: File, as_json: AsJson = False) -> None:
    """Hold two caches against each other, by content. Exit 0 for same content, 1 for any difference."""
    with report_errors(as_json=as_json):
        found = guarded.compare_caches(a, b)
    if as_json:
        print_json(found)
    else:
        tables.tell_comparison(found)
    raise typer.Exit(OK if found.same_content else FOUND)


@app.command()
def group(files: Files, as_json: AsJson = False) -> None:
    """Sort caches into groups of equal content. Exit 0 for one group, 1 for several or an unreadable file."""
    with report_errors(as_json=as_json):
        groups = guarded.group_caches(files)
        if not groups.facts:
            raise ReadError(groups.unreadable[0].message, code=groups.unreadable[0].code)
    if as_json:
        print_json(groups)
    else:
        tables.tell_groups(groups)
    raise typer.Exit(OK if len(groups.groups) == 1 and not groups.unreadable else FOUND)


@app.command()
def find(
    roots: Annotated[list[Path], typer.Argument(help="Folders to search.")],
    name: Annotated[list[str] | None, typer.Option(help="File name pattern; may be given again.")] = None,
    newer: Annotated[datetime | None, typer.Option(formats=_DATES, help="Changed on or after this day.")] = None,
    older: Annotated[datetime | None, typer.Option(formats=_DATES, help="Changed before this day.")] = None,
    like: Annotated[Path | None, typer.Option(help="Mark caches of the same content as this one.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Put dates beside this one's; use its stamp.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search folder trees for scan caches and group them by content.

    Exit 0 when one was found (with --like, or a stamped --checkpoint: one that matches), 1 when none was.
    """
    wanted = Wanted(
        names=tuple(name or ["*cache*"]),
        newer=newer.timestamp() if newer else None,
        older=older.timestamp() if older else None,
    )
    with report_errors(as_json=as_json), err.status("searching") as status:
        hunt = find_caches(
            roots,
            wanted,
            like=like,
            checkpoint=checkpoint,
            progress=lambda folders, found: status.update(f"{folders} folders searched, {found} candidates"),
        )
    if as_json:
        print_json(hunt)
    else:
        tables.tell_hunt(hunt)
    named = [reference for reference in (hunt.like, hunt.checkpoint) if reference and reference.content]
    raise typer.Exit(OK if (hunt.matching if named else hunt.groups.groups) else FOUND)


@app.command()
def mentions(
    logs: Annotated[list[Path], typer.Argument(help="Job logs, checkpoints, or folders of them.")],
    known: Annotated[
        list[Path] | None, typer.Option(help="A cache at hand, so that its digests are recognised.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find which cache path, digest or scanner setting logs and checkpoints mention. Exit 1 when there is none."""
    with report_errors(as_json=as_json):
        names = _digests(known or [])
        walked = walk(logs, SEARCHED)
        report = find_mentions(walked.candidates, names)
    if as_json:
        print_json(report)
    else:
        tables.tell_mentions(report)
    unreadable = report.unreadable and not report.files
    raise typer.Exit(CANNOT_TELL if unreadable else OK if report.mentions else FOUND)


def _digests(paths: list[Path]) -> dict[str, str]:
    """File name by each digest of the caches at hand."""
    facts: list[CacheFacts] = [guarded.inspect_cache(path) for path in paths]
    return {
        digest: Path(fact.file.path).name
        for fact in facts
        for digest in (fact.file.md5, fact.file.sha256, fact.digests.content)
    }
