"""The file of a builder is found without running any of it."""

from pathlib import Path

import pytest

from aqboard.domain.errors import PlanError
from aqboard.domain.plan import TargetPlan
from aqboard.sessions.builder_file import builder_file
from aqboard.sessions.freeze import changed_inputs, freeze
from aqboard.sessions.plan_file import read_plan
from tests import samples

EXPLOSIVE = "raise SystemExit('imported')\n"


def target(builder: str, *folders: Path) -> TargetPlan:
    return TargetPlan(builder=builder, python_path=folders)


def test_modules_packages_and_namespaces_are_found_unopened(tmp_path: Path) -> None:
    for file in ("plain.py", "package/__init__.py", "package/inner.py", "space/inner.py"):
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(EXPLOSIVE)
    for module, file in {
        "plain": "plain.py",
        "package": "package/__init__.py",
        "package.inner": "package/inner.py",
        "space.inner": "space/inner.py",
    }.items():
        assert builder_file(target(f"{module}:build", tmp_path)) == tmp_path / file


def test_installed_packages_are_found_and_python_path_comes_first(tmp_path: Path) -> None:
    import yaml

    assert builder_file(target("yaml:load")) == Path(yaml.__file__)
    (tmp_path / "yaml.py").write_text(EXPLOSIVE)
    assert builder_file(target("yaml:load", tmp_path)) == tmp_path / "yaml.py"


@pytest.mark.parametrize("builder", ["nowhere_at_all:build", "yaml.nowhere:build", "sys:exit"])
def test_what_is_nowhere_is_told(builder: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"target\.builder: the module .*python_path"):
        builder_file(target(builder, tmp_path))


def test_the_builder_is_an_input_whose_change_is_seen(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def build(plan): ...\n")
    section = {"builder": "mine:build", "python_path": ["."], "config": "train.yaml"}
    plan, text = read_plan(samples.write_plan(tmp_path, target=section))
    attempt = freeze(plan, text, ())
    assert attempt.input("target.builder").path == tmp_path / "mine.py"
    assert changed_inputs(attempt) == ()
    (tmp_path / "mine.py").write_text("def build(plan): steal()\n")
    assert "mine.py has changed" in changed_inputs(attempt)[0]
