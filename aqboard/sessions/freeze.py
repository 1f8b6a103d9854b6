"""Freeze a plan into an attempt: every input file is read once and known by its digest from then on."""

import socket
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from aqboard import __version__
from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import PlanError
from aqboard.domain.plan import LaunchPlan, TargetPlan
from aqboard.plugins import installed_builders
from aqboard.readers.inputs import read_input

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
    code = () if runs_installed_code(plan.target) else (("target.builder", builder_file(plan.target)),)
    for key, path in (*code, *plan.input_files()):
        progress(f"reading {path.name}")
        inputs.append(read_input(key, path))
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


def runs_installed_code(target: TargetPlan) -> bool:
    """Whether only packages that are installed here run: the builder is one that they offer, and no folder is added."""
    return target.builder in installed_builders() and not target.workdir and not target.python_path


def builder_file(target: TargetPlan) -> Path:
    """Where the builder's module lies, searched as the probe process does; PlanError when it is nowhere."""
    module = target.builder.partition(":")[0]
    search: list[str] | None = [*map(str, target.python_path), *(entry for entry in sys.path if entry)]
    parts = module.split(".")
    spec: ModuleSpec | None = None
    for depth in range(1, len(parts) + 1):
        spec = _find(".".join(parts[:depth]), search)
        if spec is None:
            break
        search = list(spec.submodule_search_locations or [])
    if spec is None or not spec.origin or not Path(spec.origin).is_file():
        folders = ", ".join(map(str, target.python_path)) or "none"
        raise PlanError(
            f"target.builder: the module {module!r} is found neither in target.python_path ({folders}) nor among the "
            "installed packages."
        )
    return Path(spec.origin)


def _find(name: str, search: list[str] | None) -> ModuleSpec | None:
    found = PathFinder.find_spec(name, search)
    if found is None and "." not in name:
        # Editable installs may bring a finder of their own instead of an entry on the path.
        others = (finder for finder in sys.meta_path if finder is not PathFinder)
        return next((spec for finder in others if (spec := finder.find_spec(name, None))), None)
    return found
