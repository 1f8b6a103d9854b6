"""The tool behind `make mutants`: which mistakes it makes, which it says that tests miss, and what it writes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.mutants import report
from tools.mutants.core import CORE, modules
from tools.mutants.operators import Mutant, enumerations, mutants

ROOT = Path(__file__).parents[2]
ENUMS = {"Verdict": ("PASS", "WARN", "FAIL")}


def changes(source: str) -> list[str]:
    return [mutant.change for mutant in mutants("m.py", source, ENUMS)]


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("a < b", ["Lt -> LtE", "Lt -> GtE"]),
        ("a in b", ["In -> NotIn"]),
        ("a and b", ["And -> Or", "without `a`", "without `b`"]),
        ("if a: b", ["`a` -> True", "`a` -> False"]),
        ("while a: b", ["`a` -> False"]),
        ("a if b else c", ["`b` -> True", "`b` -> False"]),
        ("[a for a in b if a]", ["without `if a`"]),
        ("x = 3", ["3 -> 4", "3 -> 2"]),
        ("x = 1.0", ["1.0 -> 1.71", "1.0 -> 0.6"]),
        ("x = True", ["True -> False"]),
        ("a * b", ["Mult -> Div"]),
        ("not a", ["without Not"]),
        ("Verdict.FAIL", ["Verdict.FAIL -> Verdict.PASS"]),
        ("min(a)", ["without `min(a)`", "min -> max"]),
        ("x += y", ["without `x += y`"]),
        ("for a in b: continue", ["continue -> break"]),
    ],
)
def test_each_kind_of_mistake_is_made(source: str, made: list[str]) -> None:
    assert changes(source) == made


@pytest.mark.parametrize(
    "source",
    ['"""A docstring."""', "x = 'text'", "x = f'{y:.4f}'", "x: Literal[3] = y", "x = round(y, 4)", "x = 'a' + y"],
)
def test_text_is_left_alone(source: str) -> None:
    assert changes(source) == []


def test_a_mutant_knows_its_line_and_the_outermost_function_it_is_in() -> None:
    source = "LIMIT = 3\nclass A:\n    def f(self, x=4):\n        def g():\n            return 5\n        return g\n"
    found = [(m.line, m.source, m.function) for m in mutants("m.py", source, {})][::2]
    assert found == [
        (1, "LIMIT = 3", ""),
        (3, "def f(self, x=4):", ""),  # a default is run on import
        (5, "return 5", "A.f"),
    ]


def test_enumerations_are_read_from_their_classes() -> None:
    source = "class Verdict(StrEnum):\n    PASS = 'pass'\n    FAIL = 'fail'\nclass Other:\n    X = 1\n"
    assert enumerations([source]) == {"Verdict": ("PASS", "FAIL")}


def test_the_core_names_modules_and_tests_that_exist() -> None:
    for pattern, tests in CORE:
        assert list(ROOT.glob(pattern)), f"{pattern} matches nothing: has the module moved?"
        assert all((ROOT / path).exists() for path in tests), tests


def test_one_module_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    every = [path for paths in modules().values() for path in paths]
    assert list(modules([every[0].as_posix()]).values()) == [[every[0]]]
    assert modules(["aqboard/nothing.py"]) == {}


MODULE = """
LIMIT = 10


def large(x):
    return x > LIMIT


def empty(x):
    while x:
        x -= 1
    return x


def unused(x):
    return x + 1
"""

RUN = """
import json, sys
from pathlib import Path
from tools.mutants.operators import mutants
from tools.mutants import runner
from tools.mutants.runner import missed, preload

runner.CPU_S = 1
preload()
module = Path("pack/rule.py").resolve()
made = list(mutants(str(module), module.read_text(), {}))
print(json.dumps([[m.line, m.change] for m in missed(["tests"], made)]))
"""


def test_what_no_test_notices_survives(tmp_path: Path) -> None:
    """A boundary that is not tested, and a function that nothing calls; the limit and the endless loop are noticed."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/rule.py").write_text(MODULE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_rule.py").write_text(
        "from pack.rule import empty, large\n"
        "def test_large(): assert large(10.5) and not large(9.5)\n"
        "def test_empty(): assert empty(3) == 0\n"
    )
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    survivors = json.loads(done.stdout.splitlines()[-1])
    assert survivors == [[6, "Gt -> GtE"], [16, "Add -> Sub"], [16, "1 -> 2"], [16, "1 -> 0"]]


def test_the_page_keeps_what_was_not_measured_this_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "PAGE", tmp_path / "mutants.md")
    monkeypatch.setattr(report, "ACCEPTED", tmp_path / "accepted.toml")
    (tmp_path / "accepted.toml").write_text(
        '[[survivor]]\nfile = "core.py"\nline = "x = 3"\nchanges = ["3 -> 4"]\nwhy = "Nobody can tell."\n'
    )
    monkeypatch.chdir(ROOT)
    code = compile("", "core.py", "exec")
    one, other = "tools/mutants/core.py", "tools/mutants/report.py"
    missed = [Mutant("core.py", 7, "x = 3", change, "", code) for change in ("3 -> 4", "3 -> 2")]
    report.write(report.Result.of(one, 20, missed))
    report.write(report.Result.of(other, 5, []))
    page = report.PAGE.read_text()
    assert f"| {one} | 20 | 18 | 90.0 % | 2 |" in page
    assert f"| {other} | 5 | 5 | 100.0 % | 0 |" in page
    assert "- line 7: `x = 3`: 3 -> 4. Nobody can tell." in page
    assert "- line 7: `x = 3`: 3 -> 2. **Not looked at.**" in page
    report.write(report.Result.of(one, 20, missed[:1]))
    assert report.PAGE.read_text().count("Nobody can tell.") == 1
    assert f"| {other} | 5 | 5 |" in report.PAGE.read_text()
