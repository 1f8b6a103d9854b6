"""Mutants of a module: each is the module with one small mistake in its logic.

Text is left alone: sentences, docstrings and annotations are for people. Numbers that only say how a figure is printed
(the digits of `round`) are text in this sense. Decorators say what kind of thing a function or class is; they stay.
"""

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any, TypeGuard

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "list"}

Trail = tuple[tuple[str, int | None], ...]
"""How a node is reached from the root: field names, with the index where the field is a list."""


@dataclass(frozen=True)
class Mutant:
    """One mistake: where it is, what was changed, and the whole module compiled with it."""

    file: str
    line: int
    source: str
    """The line as it was."""
    change: str
    function: str
    """Qualified name of the outermost function or method whose body was changed; empty for code run on import."""
    code: CodeType


def mutants(file: str, source: str, enums: Mapping[str, Sequence[str]]) -> Iterator[Mutant]:
    """Every mutant of a module. `enums`: the members of each enumeration by the name of its class."""
    root, lines = ast.parse(source), source.splitlines()
    for path, node, function in _sites(root, (), ""):
        for change, replacement in _changes(node, enums):
            code = compile(_replaced(root, path, replacement), file, "exec")
            line = node.ifs[0].lineno if isinstance(node, ast.comprehension) else node.lineno
            yield Mutant(file, line, lines[line - 1].strip(), change, function, code)


def enumerations(sources: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The members of every enumeration defined in the sources, by the name of its class."""
    return {
        node.name: tuple(
            t.id for s in node.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)
        )
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and any(_is_name(base) and base.id.endswith("Enum") for base in node.bases)
    }


def _sites(node: ast.AST, path: Trail, function: str, scope: str = "") -> Iterator[tuple[Trail, Any, str]]:
    """Every node that may be changed, how to reach it, and the function that it belongs to."""
    if isinstance(node, ast.expr | ast.stmt | ast.comprehension):
        yield path, node, function
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "format_spec"):
            continue
        inside, within = function, scope
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and name == "body":
            within = f"{scope}.{node.name}" if scope else node.name
            if isinstance(node, ast.FunctionDef):
                inside = function or within
        children = (
            [(None, value)] if isinstance(value, ast.AST) else enumerate(value) if isinstance(value, list) else ()
        )
        for index, child in children:
            if isinstance(child, ast.AST) and not _for_people(node, name, index, child):
                yield from _sites(child, (*path, (name, index)), inside, within)


def _for_people(parent: ast.AST, field: str, index: int | None, child: ast.AST) -> bool:
    digits = isinstance(parent, ast.Call) and _is_name(parent.func, "round") and field == "args" and index == 1
    text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
    return digits or text


def _changes(node: Any, enums: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ast.AST | list[ast.expr] | None]]:
    """What may be put in the node's place; None drops a statement."""
    match node:
        case ast.Compare():
            for i, old in enumerate(node.ops):
                for new in COMPARISONS[type(old)]:
                    yield f"{_word(old)} -> {_word(new())}", _with(node, ops=_put(node.ops, i, new()))
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"{_word(node.op)} -> {_word(other)}", _with(node, op=other)
            for i, operand in enumerate(node.values):
                left = node.values[:i] + node.values[i + 1 :]
                yield f"without `{_text(operand)}`", left[0] if len(left) == 1 else _with(node, values=left)
        case ast.If() | ast.IfExp() | ast.While():
            for answer in (True, False)[isinstance(node, ast.While) :]:
                yield f"`{_text(node.test)}` -> {answer}", _with(node, test=ast.Constant(answer))
        case ast.comprehension():
            for i, condition in enumerate(node.ifs):
                yield f"without `if {_text(condition)}`", _with(node, ifs=node.ifs[:i] + node.ifs[i + 1 :])
        case ast.Constant(value=bool()):
            yield f"{node.value!r} -> {not node.value}", ast.Constant(not node.value)
        case ast.Constant(value=int() | float() as number):
            for value in (number + 1, number - 1) if isinstance(number, int) else (number * 1.7 + 0.01, number * 0.6):
                if value != number:
                    yield f"{number} -> {value:.6g}", ast.Constant(value)
        case ast.BinOp() if type(node.op) in ARITHMETIC and not (_is_text(node.left) or _is_text(node.right)):
            new_op = ARITHMETIC[type(node.op)]()
            yield f"{_word(node.op)} -> {_word(new_op)}", _with(node, op=new_op)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield f"without {_word(node.op)}", node.operand
        case ast.Attribute(value=ast.Name(id=name), attr=member) if member in enums.get(name, ()):
            members = enums[name]
            swapped = members[(members.index(member) + 1) % len(members)]
            yield f"{name}.{member} -> {name}.{swapped}", _with(node, attr=swapped)
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            keywords = [] if CALLS[name] == "list" else node.keywords
            called = _with(node, func=ast.Name(CALLS[name], ast.Load()), keywords=keywords)
            yield f"{name} -> {CALLS[name]}", called
        case ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield f"without `{_text(node)}`", ast.Pass()
        case ast.Continue():
            yield "continue -> break", ast.Break()


def _replaced(root: ast.Module, path: Trail, replacement: Any) -> ast.Module:
    tree = copy.deepcopy(root)
    parent: Any = tree
    for name, index in path[:-1]:
        value = getattr(parent, name)
        parent = value if index is None else value[index]
    name, index = path[-1]
    old = getattr(parent, name) if index is None else getattr(parent, name)[index]
    new = replacement if isinstance(replacement, ast.comprehension) else ast.copy_location(replacement, old)
    if index is None:
        setattr(parent, name, new)
    else:
        getattr(parent, name)[index] = new
    return ast.fix_missing_locations(tree)


def _with(node: Any, **changes: Any) -> Any:
    made = copy.copy(node)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def _put(items: Sequence[Any], at: int, new: Any) -> list[Any]:
    return [*items[:at], new, *items[at + 1 :]]


def _is_name(node: Any, *names: str) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and (not names or node.id in names)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _word(operator: ast.AST) -> str:
    return type(operator).__name__


def _text(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 70 else f"{text[:67]}..."
