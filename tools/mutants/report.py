"""docs/mutants.md: how many mutants of each module the tests notice, and why the others may live.

Modules that were not measured this time keep what is written of them.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.core import GOAL
from tools.mutants.operators import Mutant

PAGE, ACCEPTED = Path("docs/mutants.md"), Path(__file__).with_name("accepted.toml")
HEAD = """# Mutants

Do the tests hold the core? `make mutants` makes one small mistake at a time in the modules that judge and that decide
who may sign (a comparison, a boundary, a condition, a filter, a constant, a verdict), and runs the tests that reach it.
A mutant that no test notices survives. Text is left alone. `make mutants ONLY=aqboard/domain/signing/seats.py`
measures one module. This page is written by the tool (`tools/mutants`); the reasons come from
`tools/mutants/accepted.toml`.

"""


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test noticed; `why` it may live is empty until somebody has looked at it."""

    line: int
    source: str
    change: str
    why: str = ""

    @property
    def words(self) -> str:
        """One line of the page."""
        return f"line {self.line}: `{self.source}`: {self.change}. {self.why or '**Not looked at.**'}"


@dataclass(frozen=True)
class Result:
    """What was found of one module."""

    module: str
    mutants: int
    survivors: Sequence[Survivor]

    @classmethod
    def of(cls, module: str, mutants: int, missed: Sequence[Mutant]) -> "Result":
        """With the reasons that are written down."""
        reasons = accepted()
        return cls(
            module,
            mutants,
            [
                Survivor(m.line, m.source, m.change, reasons.get((Path(module).name, m.source, m.change), ""))
                for m in missed
            ],
        )

    @property
    def score(self) -> float:
        """Share of the mutants that were noticed; 1 where there is nothing to mutate."""
        return 1 - len(self.survivors) / self.mutants if self.mutants else 1.0

    @property
    def good(self) -> bool:
        """Whether the goal is met."""
        return self.score >= GOAL

    @property
    def line(self) -> str:
        """The figures in words; `write` reads them back."""
        noticed = self.mutants - len(self.survivors)
        return f"{self.module}: {noticed} of {self.mutants} mutants noticed, {100 * self.score:.1f} %"


def accepted() -> dict[tuple[str, str, str], str]:
    """Why a survivor may live, by the module's file name, the line as it is written, and the change."""
    entries = tomllib.loads(ACCEPTED.read_text("utf-8")).get("survivor", [])
    return {(e["file"], e["line"], change): e["why"] for e in entries for change in e["changes"]}


def write(result: Result) -> None:
    """Put one module's section into the page, and make its table anew."""
    sections = _sections(PAGE.read_text("utf-8")) if PAGE.exists() else {}
    body = "".join(f"- {survivor.words}\n" for survivor in result.survivors)
    sections[result.module] = f"{result.line}.\n" + (f"\n{body}" if body else "")
    known = {module: sections[module] for module in sorted(sections) if Path(module).exists()}
    rows = [_row(module, text) for module, text in known.items()]
    table = "| Module | Mutants | Noticed | Score | Survive |\n|---|---:|---:|---:|---:|\n" + "".join(rows)
    details = "".join(f"\n### {module}\n\n{text}" for module, text in known.items())
    PAGE.write_text(f"{HEAD}{table}\n## Survivors\n{details}", "utf-8")


def _sections(page: str) -> dict[str, str]:
    parts = re.split(r"^### (\S+)\n\n", page, flags=re.MULTILINE)[1:]
    return {module: f"{text.rstrip()}\n" for module, text in zip(parts[::2], parts[1::2], strict=True)}


def _row(module: str, text: str) -> str:
    found = re.search(r"(\d+) of (\d+) mutants noticed, (\S+) %", text)
    if found is None:
        raise ValueError(f"{PAGE}: the section {module} has no figures; delete it and measure the module again")
    noticed, mutants = int(found[1]), int(found[2])
    return f"| {module} | {mutants} | {noticed} | {found[3]} % | {mutants - noticed} |\n"
