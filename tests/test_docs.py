"""The documents are true: the example works, the commands exist, the links lead somewhere."""

import importlib
import importlib.util
import inspect
import re
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import pytest
from typer.main import get_command

from aqboard.checks.check import Check
from aqboard.checks.judge import judge_all
from aqboard.checks.suite import SUITE, installed_suite
from aqboard.domain.evidence.loss import CurveEvidence, CurvePoint
from aqboard.domain.finding import Verdict
from aqboard.domain.session.events import ProbeOutcome
from aqboard.launch.profile import all_profiles, load_profile, profile_faults
from aqboard.lint.check import lint
from aqboard.lint.rules.suite import RULES, installed_rules
from tests import samples
from tests.packages import install

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TODAYS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
"""Documents that say how it is now. Decisions and the changelog say how it was then."""
MEASURED = {"mutants.md"}
"""Written by a measurement that takes an hour: it names the files that were measured."""
GENERATED = {"data/demo/stores"}
EXAMPLES = {"aqboard/web/pages/inputs.py", "pages/inputs.py"}
"""Files that a guide has its reader write."""
TOP = "aqboard|reference|aqboard_reference|tools|tests|benchmarks|examples|pages|data/demo"
INSIDE = "|".join(sorted(folder.name for folder in (ROOT / "aqboard").iterdir() if folder.is_dir()))
PATH = re.compile(rf"(?<![\w./$~-])(?:(?:{TOP})/[\w./*-]*|(?:{INSIDE})/[a-z0-9_./*-]*|\w+(?:/\w+)+\.py\b)")
"""A path below a folder of the project, or from inside the package, or any other to a module."""
MODULE = re.compile(r"(?<![\w/.-])(?:aqboard|aqboard_reference|tools|tests|benchmarks)(?:\.[A-Za-z_]\w*)+")


def blocks(document: str, language: str) -> list[str]:
    """The examples of a guide."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / document).read_text(), re.DOTALL)


def entries(document: str) -> str:
    """The entry points that a guide shows for `pyproject.toml`, as pip would install them."""
    (shown,) = blocks(document, "toml")
    groups = tomllib.loads(shown)["project"]["entry-points"]
    return "\n".join(
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items()) for group, named in groups.items()
    )


@pytest.mark.parametrize(
    ("losses", "verdict"), [((0.9, 0.5, 0.4), Verdict.PASS), ((0.4, 0.9), Verdict.WARN), ((None,), Verdict.SKIP)]
)
def test_the_check_of_the_guide_works_in_the_suite(
    site: Path, losses: tuple[float | None, ...], verdict: Verdict
) -> None:
    (code,) = blocks("adding_a_check.md", "python")
    install(
        site,
        "my-checks",
        entries("adding_a_check.md"),
        {"my_checks/converged.py": code, "my_checks/probes.py": "PROBE = ()\n", "my_checks/__init__.py": ""},
    )
    *ours, check = installed_suite()
    assert tuple(ours) == SUITE
    curve = CurveEvidence(points=tuple(CurvePoint(step=i, val_loss=loss) for i, loss in enumerate(losses)))
    outcome = ProbeOutcome(probe="curve", status="measured", evidence=curve.model_dump(mode="json"))
    findings = judge_all((*SUITE, check), samples.plan(), {"curve": outcome})
    assert (findings[-1].check, findings[-1].verdict) == ("baseline.converged", verdict)
    assert check.question.endswith("?")


def test_the_rule_of_the_guide_works_in_lint(site: Path) -> None:
    (code,) = blocks("adding_a_lint_rule.md", "python")
    install(site, "my-rules", entries("adding_a_lint_rule.md"), my_rules=code)
    *ours, rule = installed_rules()
    assert (tuple(ours), rule.slug) == (RULES, "mail-user")
    script = "#!/bin/bash\n#SBATCH --mail-type=END\n"
    (found,) = (each for each in lint(script, rules=installed_rules()).findings if each.rule == "mail-user")
    assert (found.line, found.fix) == (2, "#SBATCH --mail-user=you@example.org")
    told = script + "#SBATCH --mail-user=ada@example.org\n"
    assert "mail-user" not in {each.rule for each in lint(told, rules=installed_rules()).findings}
    assert "# aqboard: ignore 1001 REASON" in (ROOT / "docs" / "adding_a_lint_rule.md").read_text()


def test_the_profile_of_the_guide_works_in_a_package_and_in_a_teams_folder(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (text,) = blocks("adding_a_profile.md", "yaml")
    install(site, "our-clusters", entries("adding_a_profile.md"), {"our_clusters/profiles/aurora-borealis.yaml": text})
    assert profile_faults() == ()
    profile = load_profile("aurora-borealis")
    assert (profile.node.gpus, profile.memory_request) == (4, "480G")
    assert lint("#!/bin/bash\ncd /lustre/aurora/x\n", profiles=all_profiles()).profile == "aurora-borealis"
    (tmp_path / "aurora-borealis.yaml").write_text(text.replace("480G", "240G"))
    monkeypatch.setenv("AQBOARD_PROFILES", str(tmp_path))
    assert load_profile("aurora-borealis").memory_request == "240G"


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
    (shown,) = blocks("your_own_model.md", "python")
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


def written_here(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Document and text of everything that the pattern finds in the documents of today, each once."""
    documents = [document for document in TODAYS if document.name not in MEASURED]
    found = {(document.name, text) for document in documents for text in pattern.findall(document.read_text("utf-8"))}
    return sorted(each for each in found if each[1] not in GENERATED | EXAMPLES and "NAME" not in each[1])


@pytest.mark.parametrize(("document", "path"), written_here(PATH))
def test_a_path_that_a_document_names_exists(document: str, path: str) -> None:
    places = (ROOT, ROOT / "aqboard", ROOT / "reference", ROOT / "docs")
    assert any(any(place.glob(path.rstrip("./"))) for place in places), f"{document} names {path}"


@pytest.mark.parametrize(("document", "name"), written_here(MODULE))
def test_a_module_that_a_document_names_exists(document: str, name: str) -> None:
    from aqboard import plugins

    groups = {value for value in vars(plugins).values() if isinstance(value, str) and value.startswith("aqboard.")}
    assert name in groups or known(name), f"{document} names {name}"


def known(name: str) -> bool:
    """Whether this is a module, which need not be imported for that, or something in one."""
    above, _, last = name.rpartition(".")
    with suppress(ModuleNotFoundError):
        if importlib.util.find_spec(name) is not None:
            return True
    with suppress(ModuleNotFoundError):
        return hasattr(importlib.import_module(above), last)
    return False
