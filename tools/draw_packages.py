"""Draw the packages of aqboard as the code imports them: `make docs` puts the drawing into docs/architecture.md.

An arrow goes from a box to one that it imports. What a longer way reaches as well is left out (the transitive
reduction), so that the drawing stays readable; `lint-imports` holds the rest.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import grimp

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
BEGIN, END = "<!-- drawn by tools/draw_packages.py -->", "<!-- end of the drawing -->"
PACKAGES = ("aqboard", "aqboard_reference")
BASE = ("settings", "files", "logs", "plugins")
"""Single modules at the top of the package, drawn as one box."""
INNER = ("api.target", "jobs.slurm", "web.server")
"""Parts of a package with a box of their own: what they import, or who imports them, is not what the package's is."""


def edges() -> dict[str, set[str]]:
    """Box -> the boxes that one of its modules imports, itself left out."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        home = _box(module)
        for imported in graph.find_modules_directly_imported_by(module):
            other = _box(imported)
            if home and other and home != other:
                found.setdefault(home, set()).add(other)
                found.setdefault(other, set())
    return found


def reduced(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same graph without the arrows that a longer way makes superfluous; raises ValueError for a cycle."""
    below = {box: _reachable(graph, box) for box in graph}
    if circles := sorted(box for box in graph if box in below[box]):
        raise ValueError(f"These packages import each other in a circle: {', '.join(circles)}")
    return {box: {to for to in graph[box] if not any(to in below[via] for via in graph[box] - {to})} for box in graph}


def layers() -> tuple[tuple[str, ...], ...]:
    """The packages of each layer, top to bottom, as the first contract of import-linter has them."""
    contract = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0]
    return tuple(tuple(name.strip().removeprefix("aqboard.") for name in row.split("|")) for row in contract["layers"])


def drawing() -> str:
    """The drawing as a Mermaid flow chart, boxes in the order of the layers."""
    graph = reduced(edges())
    order = ["aqboard_reference", *(package for layer in layers() for package in layer)]
    boxes = sorted(graph, key=lambda box: (order.index(box.partition(".")[0]), box))
    names = [f'  {_node(box)}["{" · ".join(BASE) if box == BASE[0] else box}"]' for box in boxes]
    arrows = [f"  {_node(box)} --> {_node(to)}" for box in boxes for to in sorted(graph[box], key=boxes.index)]
    return "\n".join(["```mermaid", "flowchart TD", *names, *arrows, "```"])


def page(text: str) -> str:
    """The page with the drawing between its marks replaced; raises ValueError for a page without the marks."""
    block = f"{BEGIN}\n{drawing()}\n{END}"
    drawn, times = re.subn(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, text, flags=re.DOTALL)
    if times != 1:
        raise ValueError(f"The page needs these two lines exactly once: {BEGIN} and {END}")
    return drawn


def _box(module: str) -> str:
    top, *rest = module.split(".")
    if top != "aqboard":
        return top
    if ".".join(rest[:2]) in INNER:
        return ".".join(rest[:2])
    return "" if not rest else BASE[0] if rest[0] in BASE else rest[0]


def _node(box: str) -> str:
    return box.replace(".", "_")


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        box = ahead.pop()
        if box not in found:
            found.add(box)
            ahead += graph[box]
    return found
