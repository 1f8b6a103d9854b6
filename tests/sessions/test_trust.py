"""Whose code may run."""

from pathlib import Path

import pytest

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import AqboardError, TargetError
from aqboard.domain.plan import TargetPlan
from aqboard.sessions.freeze import freeze
from aqboard.sessions.plan_file import read_plan
from aqboard.sessions.trust import (
    allowed_builders,
    allowed_targets,
    foreign_code,
    is_trusted,
    refuse_unless_allowed,
    trust,
)
from aqboard.settings import config_folder
from tests import samples


def attempt(folder: Path) -> Attempt:
    (folder / "mine.py").write_text("def build(plan): ...\n")
    section = {"builder": "mine:build", "python_path": ["."], "config": "train.yaml"}
    plan, text = read_plan(samples.write_plan(folder, target=section))
    return freeze(plan, text, ())


def test_agreement_is_remembered_for_one_file_with_one_content(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    code = foreign_code(attempt(here))
    assert code is not None
    assert not is_trusted(code)
    trust(code)
    assert is_trusted(foreign_code(attempt(here)))  # type: ignore[arg-type]
    elsewhere = foreign_code(attempt(there))
    assert elsewhere is not None
    assert elsewhere.sha256 == code.sha256
    assert not is_trusted(elsewhere), "a copy in another folder imports that folder's other modules"
    assert not is_trusted(code.model_copy(update={"sha256": "0" * 64}))
    trust(elsewhere)
    assert is_trusted(code)


def test_the_reference_model_needs_no_agreement(tmp_path: Path) -> None:
    plan, text = read_plan(samples.write_plan(tmp_path))
    assert foreign_code(freeze(plan, text, ())) is None


def test_an_installed_builder_with_folders_of_the_plan_is_code_that_nobody_installed(tmp_path: Path) -> None:
    (tmp_path / "aqboard_reference").mkdir()
    (tmp_path / "aqboard_reference" / "__init__.py").touch()
    (tmp_path / "aqboard_reference" / "target.py").write_text("def build(plan): ...\n")
    target = {"builder": samples.REFERENCE, "config": "train.yaml", "python_path": ["."]}
    code = foreign_code(freeze(*read_plan(samples.write_plan(tmp_path, target=target)), ()))
    assert code is not None
    assert code.path == tmp_path / "aqboard_reference" / "target.py"


def test_a_damaged_list_of_agreements_trusts_nobody(tmp_path: Path) -> None:
    code = foreign_code(attempt(tmp_path))
    assert code is not None
    (config_folder() / "trusted_targets.json").write_text("[{")
    with pytest.raises(AqboardError, match="Delete it"):
        is_trusted(code)


def test_without_configuration_the_web_form_offers_what_installed_packages_bring_alone() -> None:
    assert allowed_builders() == (samples.REFERENCE,)
    refuse_unless_allowed(TargetPlan(builder=samples.REFERENCE, config=Path("train.yaml")))
    with pytest.raises(TargetError, match="not among the targets that this installation allows"):
        refuse_unless_allowed(TargetPlan(builder="mine:build"))


def test_what_the_configuration_lists_is_allowed_with_its_folders_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "list.yaml"
    listed.write_text("- builder: mine:build\n  python_path: [/projects/aq]\n  workdir: /projects/aq\n")
    monkeypatch.setenv("AQBOARD_TARGETS", str(listed))
    assert allowed_builders() == (samples.REFERENCE, "mine:build")
    right = {"builder": "mine:build", "python_path": (Path("/projects/aq"),), "workdir": Path("/projects/aq")}
    refuse_unless_allowed(TargetPlan(**right))
    for other in ({"python_path": (Path("/tmp/evil"),)}, {"workdir": None}, {"builder": "mine:other"}):
        with pytest.raises(TargetError):
            refuse_unless_allowed(TargetPlan(**{**right, **other}))


@pytest.mark.parametrize(
    "text", ["builder: x\n", "- 5\n", "- builder: no colon\n", "{", "- builder: a:b\n  shell: rm\n"]
)
def test_a_configuration_that_cannot_be_read_allows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    listed = tmp_path / "list.yaml"
    listed.write_text(text)
    monkeypatch.setenv("AQBOARD_TARGETS", str(listed))
    with pytest.raises(AqboardError, match=str(listed)):
        allowed_targets()


def test_a_configuration_that_is_named_but_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQBOARD_TARGETS", str(tmp_path / "none.yaml"))
    with pytest.raises(AqboardError, match="cannot be read"):
        allowed_targets()
