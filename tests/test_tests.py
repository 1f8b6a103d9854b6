"""No test asserts nothing: each test states something, itself or through a helper that does."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
STATES = {
    "raises",
    "warns",
    "fail",
    "deprecated_call",
    "expect",
    "assert_close",
    "assert_allclose",
    "assert_array_equal",
}
"""Calls that fail a test: those of pytest, Playwright's `expect`, and the comparisons of torch and numpy."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def called(function: Function) -> set[str]:
    """Names of the functions that it calls, of what states something among its methods, and of its fixtures."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    return names | (methods & STATES) | {argument.arg for argument in function.args.args}


def states(function: Function) -> bool:
    """Whether the function itself fails when something is not as it should be."""
    return bool(STATES & called(function)) or any(isinstance(node, ast.Assert) for node in ast.walk(function))


def silent(sources: dict[str, str]) -> list[str]:
    """`file: test` for every test that asserts nothing, nor calls a helper of the tests that does."""
    found = [(name, function) for name, text in sources.items() for function in functions(ast.parse(text))]
    helpers = [function for _, function in found if not function.name.startswith("test_")]
    telling = {function.name for function in helpers if states(function)}
    while more := {helper.name for helper in helpers if called(helper) & telling} - telling:
        telling |= more
    return [
        f"{name}: {function.name}"
        for name, function in found
        if function.name.startswith("test_") and not states(function) and not called(function) & telling
    ]


def test_every_test_asserts_something() -> None:
    sources = {str(path.relative_to(TESTS)): path.read_text("utf-8") for path in sorted(TESTS.rglob("*.py"))}
    assert silent(sources) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("assert 1 == 1", False),
        ("pytest.raises(ValueError, int, 'x')", False),
        ("expect(page).to_have_title('x')", False),
        ("check(3)", False),
        ("through(3)", False),
        ("self.check(3)", True),
        ("int('3')", True),
        ("quiet(3)", True),
    ],
)
def test_a_test_without_an_assertion_is_found(body: str, found: bool) -> None:
    helpers = "def check(x): assert x\ndef through(x): check(x)\ndef quiet(x): return x\n"
    assert silent({"a.py": f"{helpers}def test_it(): {body}\n"}) == (["a.py: test_it"] if found else [])
