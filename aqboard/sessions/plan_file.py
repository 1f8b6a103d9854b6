"""Read a plan's YAML. Every message names the key, the value that was given, and what is allowed."""

import difflib
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aqboard.domain.errors import PlanError
from aqboard.domain.plan import LaunchPlan

MAX_BYTES = 1 << 20
"""A plan is a page of text; anything larger is another file given by mistake."""


def read_plan(path: Path) -> tuple[LaunchPlan, str]:
    """The plan at `path` with absolute paths, and its text as written.

    Raises PlanError when the file cannot be read, is not YAML, or does not describe a plan.
    """
    text = _read_text(path)
    try:
        document = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader, stricter
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise PlanError(f"{path}{where}: {problem}. Correct the YAML and try again.") from None
    if not isinstance(document, dict):
        raise PlanError(f"{path} is not a plan: it holds {_said(document)} where keys like `name:` are expected.")
    try:
        plan = LaunchPlan.model_validate(document)
    except ValidationError as error:
        raise PlanError(f"{path}: " + "; ".join(_explain(fault) for fault in error.errors())) from None
    return plan.with_base(path.resolve().parent), text


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES or not path.is_file():
            raise PlanError(f"{path} is not a plan: a plan is a YAML file of at most {MAX_BYTES >> 10} KiB.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanError(f"The plan {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise PlanError(f"{path} is not a plan: it is not UTF-8 text.") from None


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases, which let a small file unfold into gigabytes, and without repeated keys."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            problem = "aliases (`*name`) are not allowed in a plan"
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        repeated = next((key for key in keys if keys.count(key) > 1), None)
        if repeated is not None:
            raise yaml.constructor.ConstructorError(
                problem=f"the key {repeated!r} stands twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def _explain(fault: ErrorDetails) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key!r}{_suggestion(fault['loc'])}"
    if fault["type"] == "missing":
        return f"the key {key!r} is missing"
    allowed = fault["msg"].replace("Input should", "it should").replace("String should", "it should")
    return f"{key} is {_said(fault['input'])}, {allowed[0].lower()}{allowed[1:]}"


def _suggestion(loc: tuple[int | str, ...]) -> str:
    """What may have been meant by an unknown key, and what is allowed in its place."""
    model: type[BaseModel] = LaunchPlan
    for part in loc[:-1]:
        if isinstance(part, int):  # an entry of a list: its section was found under the list's own key
            continue
        annotation = model.model_fields[part].annotation
        sections = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
        model = next(kind for kind in sections if issubclass(kind, BaseModel))
    known = list(model.model_fields)
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"{meant} Allowed here: {', '.join(known)}"


def _said(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
