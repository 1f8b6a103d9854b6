"""Find the file of the plan's builder without importing it: what will run is known by digest before it runs."""

import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from aqboard.domain.errors import PlanError
from aqboard.domain.plan import TargetPlan


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
