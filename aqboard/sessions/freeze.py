"""Freeze a plan into an attempt: every input file is read once and known by its digest from then on."""

import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aqboard import __version__
from aqboard.domain.attempt import Attempt, InputFile
from aqboard.domain.errors import AqboardError, PlanError
from aqboard.domain.plan import LaunchPlan
from aqboard.readers.digest import file_digest
from aqboard.sessions.builder_file import builder_file

Progress = Callable[[str], None]


def freeze(
    plan: LaunchPlan,
    text: str,
    checks: Sequence[str],
    *,
    left_out: Sequence[str] = (),
    progress: Progress = lambda _: None,
) -> Attempt:
    """The attempt of this plan now; `checks` are the ids of the suite that will judge it, but for those `left_out`.

    Raises PlanError for an input file that is missing or cannot be read, naming its key in the plan.
    """
    inputs = []
    code = () if plan.target.own else (("target.builder", builder_file(plan.target)),)
    for key, path in (*code, *plan.input_files()):
        progress(f"reading {path.name}")
        inputs.append(_frozen(key, path))
    return Attempt(
        created_at=datetime.now(UTC),
        host=socket.gethostname(),
        aqboard_version=__version__,
        plan=plan,
        plan_text=text,
        inputs=tuple(inputs),
        checks=tuple(checks),
        left_out=tuple(left_out),
    )


def changed_inputs(attempt: Attempt) -> tuple[str, ...]:
    """A sentence for each input whose content is no longer the one that was judged; empty when nothing changed."""
    changes = []
    for known in attempt.inputs:
        try:
            now = _frozen(known.key, known.path)
        except PlanError as error:
            changes.append(error.message)
            continue
        if now.sha256 != known.sha256:
            changes.append(f"{known.key}: {known.path} has changed since it was checked.")
    return tuple(changes)


def _frozen(key: str, path: Path) -> InputFile:
    try:
        digest = file_digest(path)
    except AqboardError as error:
        raise PlanError(f"{key}: {error.message}", code=error.code) from None
    return InputFile(
        key=key,
        path=path,
        size=digest.size,
        mtime=datetime.fromtimestamp(digest.mtime, UTC),
        md5=digest.md5,
        sha256=digest.sha256,
    )
