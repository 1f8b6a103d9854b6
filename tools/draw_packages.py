"""Draw the packages of aqboard as the code imports them: `python tools/draw_packages.py` rewrites docs/architecture.md.

An arrow goes from a package to one that it imports. What can be reached by another way is left out (the transitive
reduction), so that the drawing stays readable; `lint-imports` holds the rest.
"""

import re
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn by tools/draw_packages.py -->", "<!-- end of the drawing -->"
PACKAGES = ("aqboard", "aqboard_reference")
FACES = ("aqboard.settings", "aqboard.files", "aqboard.logs", "aqboard.plugins")
"""Single modules at the top of the package; drawn as one box."""


def edges() -> dict[str, set[str]]:
    """Package -> the packages that one of its modules imports, itself left out."""
    graph = grimp.build_graph(*PACKAGES)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        home = _box(module)
        for imported in graph.find_modules_directly_imported_by(module):
            other = _box(imported)
            if home and other and home != other:
                found.setdefault(home, set()).add(other)
                found.setdefault(other, set())
    return found


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same graph without the arrows that a longer way makes superfluous; raises ValueError for a cycle."""
    below = {box: _reachable(graph, box) for box in graph}
    if circles := sorted(box for box in graph if box in below[box]):
        raise ValueError(f"These packages import each other in a circle: {', '.join(circles)}")
    return {box: {to for to in graph[box] if not any(to in below[via] for via in graph[box] - {to})} for box in graph}


def drawing() -> str:
    """The drawing as a Mermaid flow chart."""
    arrows = sorted((box, to) for box, into in reduced(edges()).items() for to in into)
    return "\n".join(["```mermaid", "flowchart TD", *(f"  {box} --> {to}" for box, to in arrows), "```"])


def page(text: str) -> str:
    """The page with the drawing between its marks replaced."""
    block = f"{BEGIN}\n{drawing()}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, text, flags=re.DOTALL)


def _box(module: str) -> str:
    top, *rest = module.split(".")
    if top != "aqboard":
        return top
    if not rest:
        return ""
    return "settings" if ".".join(["aqboard", rest[0]]) in FACES else rest[0]


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        box = ahead.pop()
        if box not in found:
            found.add(box)
            ahead += graph[box]
    return found


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
