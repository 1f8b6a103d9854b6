"""The public door: what it has, what it costs, and that those who come through it use no other."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aqboard.api
import aqboard.api.target
from aqboard.domain.evidence.kinds import EVIDENCE
from aqboard.probes import target
from aqboard.sessions.starter import render

ROOT = Path(__file__).parent.parent
USERS = [*(ROOT / "reference").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
PUBLIC = ("aqboard.api", "aqboard.api.target")


def imported(code: str) -> Iterator[str]:
    """Every module of aqboard that the code imports, in functions as well."""
    for node in ast.walk(ast.parse(code)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        yield from (name for name in names if name.partition(".")[0] == "aqboard")


def test_the_reference_model_and_the_examples_use_the_door_alone() -> None:
    used = {name for path in USERS for name in imported(path.read_text(encoding="utf-8"))}
    assert used == set(PUBLIC)


def test_a_starter_uses_the_door_alone() -> None:
    texts = render("mine", "Ada")
    assert {name for file, text in texts.items() if file.endswith(".py") for name in imported(text)} == {PUBLIC[1]}


@pytest.mark.parametrize("guide", ["adding_a_check.md", "adding_a_lint_rule.md", "your_own_model.md"])
def test_a_guide_for_packages_uses_the_door_alone(guide: str) -> None:
    codes = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / guide).read_text(encoding="utf-8"), re.DOTALL)
    used = {name for code in codes for name in imported(code)}
    assert used and used <= set(PUBLIC)


@pytest.mark.parametrize("door", [aqboard.api, aqboard.api.target], ids=lambda module: module.__name__)
def test_all_that_is_named_is_there(door) -> None:
    assert list(door.__all__) == sorted(set(door.__all__))
    assert [name for name in door.__all__ if not hasattr(door, name)] == []


def test_every_kind_of_evidence_and_every_ability_can_be_named_by_a_package() -> None:
    assert {kind.__name__ for kind in EVIDENCE} <= set(aqboard.api.__all__)
    abilities = {name for name, kind in vars(target).items() if getattr(kind, "_is_protocol", False)} - {"Protocol"}
    assert abilities <= set(aqboard.api.target.__all__)


def loaded(module: str) -> set[str]:
    """What is loaded in a fresh Python that imports one module."""
    program = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_door_loads_neither_torch_nor_the_suite_nor_what_faces_people() -> None:
    there = loaded("aqboard.api")
    assert there.isdisjoint({"torch", "lightning", "streamlit", "pandas", "plotly", "typer", "tree_sitter", "sqlite3"})
    of_checks = {name for name in there if name.startswith("aqboard.checks.")}
    assert of_checks == {"aqboard.checks.check"}
    of_rules = {name for name in there if name.startswith("aqboard.lint.rules.")}
    assert of_rules == {"aqboard.lint.rules.rule"}


@pytest.mark.parametrize("module", ["aqboard.checks.check", "aqboard.checks.train_cost", "aqboard.launch.cost"])
def test_one_check_loads_no_other(module: str) -> None:
    of_checks = {name for name in loaded(module) if name.startswith("aqboard.checks.")}
    assert of_checks <= {"aqboard.checks.check", "aqboard.checks.train_cost", "aqboard.checks.words"}
