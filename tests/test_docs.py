"""The documents are true: the example works, the commands exist, the links lead somewhere."""

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest
from typer.main import get_command

from aqboard.checks.check import Check
from aqboard.checks.judge import judge_all
from aqboard.checks.suite import SUITE
from aqboard.domain.evidence.loss import CurveEvidence, CurvePoint
from aqboard.domain.finding import Verdict
from aqboard.domain.session.outcome import ProbeOutcome
from tests import samples

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def example(tmp_path: Path) -> ModuleType:
    """The check of docs/adding_a_check.md, written to a file and imported as a user's would be."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "adding_a_check.md").read_text(), re.DOTALL)
    file = tmp_path / "baseline_converged.py"
    file.write_text(code)
    spec = importlib.util.spec_from_file_location("baseline_converged", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["baseline_converged"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("losses", "verdict"), [((0.9, 0.5, 0.4), Verdict.PASS), ((0.4, 0.9), Verdict.WARN), ((None,), Verdict.SKIP)]
)
def test_the_check_of_the_guide_works_in_the_suite(
    tmp_path: Path, losses: tuple[float | None, ...], verdict: Verdict
) -> None:
    check = example(tmp_path).CHECK
    curve = CurveEvidence(points=tuple(CurvePoint(step=i, val_loss=loss) for i, loss in enumerate(losses)))
    outcome = ProbeOutcome(probe="curve", status="measured", evidence=curve.model_dump(mode="json"))
    findings = judge_all((*SUITE, check), samples.plan(), {"curve": outcome})
    assert (findings[-1].check, findings[-1].verdict) == ("baseline.converged", verdict)
    assert check.question.endswith("?")


SAYS = {"passed": "pass", "failed": "fail", "warned": "warn", "skipped": "skip", "broke": "error"}
"""The function that a judge says a verdict with -> the verdict's word."""


@pytest.mark.parametrize("check", SUITE, ids=lambda check: check.id)
def test_every_verdict_that_a_check_can_give_is_explained(check: Check) -> None:
    sections = re.findall(r"^## `([\w.]+)`\n(.*?)(?=^## |\Z)", (ROOT / "docs/verdicts.md").read_text(), re.M | re.S)
    explained = dict(sections)
    assert check.id in explained, f"docs/verdicts.md has no section ## `{check.id}`"
    rows = re.findall(r"^\| (pass|fail|warn|skip|error) \| \S", explained[check.id], re.M)
    code = Path(inspect.getfile(check.judge)).read_text()
    said = [word for call, word in SAYS.items() if re.search(rf"\b{call}\(", code)]
    assert sorted(rows) == sorted(said), "one row for each verdict that the judge can give"


def test_every_command_is_in_the_readme() -> None:
    from aqboard.cli import app

    readme = (ROOT / "README.md").read_text()
    top: Any = get_command(app)
    for name in top.list_commands(None):
        command = top.get_command(None, name)
        assert f"aqboard {name}" in readme, name
        for part in getattr(command, "commands", {}):
            line = next(line for line in readme.splitlines() if f"`aqboard {name} " in line and part in line)
            assert line


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", document.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            linked = document.parent / target if target else document
            assert linked.exists(), f"{document.name} links to {target}"
            assert not anchor or anchor in anchors(linked), f"{document.name} links to {target}#{anchor}"


def test_the_target_that_the_guide_shows_is_the_examples() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "your_own_model.md").read_text(), re.DOTALL)
    assert shown == (ROOT / "examples" / "foreign" / "aqboard_target.py").read_text()


def test_every_ability_is_named_in_the_guide() -> None:
    from aqboard.probes import target

    guide = (ROOT / "docs" / "your_own_model.md").read_text()
    abilities = [
        kind for kind in vars(target).values() if getattr(kind, "_is_protocol", False) and kind is not Protocol
    ]
    assert len(abilities) >= 5
    for ability in abilities:
        for method in (name for name in vars(ability) if not name.startswith("_")):
            assert f"`{method}`" in guide, f"docs/your_own_model.md does not name {ability.__name__}.{method}"
