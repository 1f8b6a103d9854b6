"""`aqboard digest`: MD5 and SHA-256 of files, large ones remembered."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from aqboard.cli.options import AsJson
from aqboard.cli.output import err, out, print_json, report_errors
from aqboard.domain.cache import FileDigest
from aqboard.domain.words import moment, size
from aqboard.readers.digest import file_digest


def digest(
    files: Annotated[list[Path], typer.Argument(help="Files of any kind and size.")], as_json: AsJson = False
) -> None:
    """Print size, date, MD5 and SHA-256 of files. A large file that has not changed is not read again."""
    with report_errors(as_json=as_json):
        found = [_with_progress(path) for path in files]
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in found])
        return
    for entry in found:
        out.print(f"{entry.path}  ({size(entry.size)}, changed {moment(entry.mtime)})", markup=False)
        out.print(f"  MD5      {entry.md5}\n  SHA-256  {entry.sha256}", markup=False)


def _with_progress(path: Path) -> FileDigest:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(path.name, total=None)
        return file_digest(path, lambda done, total: bar.update(task, completed=done, total=total))
