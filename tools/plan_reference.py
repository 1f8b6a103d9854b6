"""The reference page of the launch plan: every key with its type, its default and its meaning.

Types and limits come from the JSON schema that pydantic makes of the plan, meanings from the docstrings of its fields.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aqboard.domain.plan import LaunchPlan
from tools.markdown import cell, paragraphs, table

Schema = Mapping[str, Any]

ONE_LINE = r"^[^\x00-\x1f]*$"
"""The pattern of any text on one line."""


def plan_page() -> str:
    """One section for the plan and one for each part of it, in the order of the fields."""
    return paragraphs(
        "# The launch plan",
        "A plan is a YAML file. Relative paths in it start at its own folder, and an unknown key is an error."
        " [data/demo/fixed.yaml](../data/demo/fixed.yaml) is a complete example.",
        *(_section(path, model) for path, model in _models("", LaunchPlan)),
    )


def _models(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """(key, model) of a model and of every model below it."""
    yield path, model
    for name, field in model.model_fields.items():
        for nested in _nested(field.annotation):
            yield from _models(f"{path}.{name}".lstrip("."), nested)


def _nested(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _nested(part)


def _section(path: str, model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    meanings = field_docstrings(model)
    rows = []
    for name, field in model.model_fields.items():
        kind = _kind(schema["properties"][name], schema.get("$defs", {}))
        rows.append((f"`{name}`", cell(kind), cell(_default(field)), cell(meanings[name])))
    heading = f"## `{path}`" if path else "## The whole"
    return paragraphs(heading, inspect.getdoc(model) or "", table(("key", "type", "default", "meaning"), rows))


def field_docstrings(model: type[BaseModel]) -> Mapping[str, str]:
    """The docstring below each field, or the first line of its section's. Raises LookupError where there is neither."""
    found: dict[str, str] = {}
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    for statement, after in zip(definition.body, definition.body[1:], strict=False):
        match statement, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = inspect.cleandoc(text)
    for name, field in model.model_fields.items():
        if name not in found:
            section = next(_nested(field.annotation), None)
            if section is None:
                raise LookupError(f"{model.__name__}.{name} has no docstring; write one below the field.")
            found[name] = (inspect.getdoc(section) or "").partition("\n")[0]
    return found


def _kind(schema: Schema, models: Mapping[str, Schema]) -> str:
    """What a value must be, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        known = models.get(name, {})
        if "enum" in known:
            return _kind(known, models)
        return "section" if known.get("type") == "object" else "anything"
    if "anyOf" in schema:
        return " or ".join(_kind(each, models) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    match schema.get("type"):
        case "array":
            least = f", at least {schema['minItems']}" if "minItems" in schema else ""
            return f"list of: {_kind(schema['items'], models)}{least}"
        case "object":
            values = schema.get("additionalProperties") or next(iter(schema["patternProperties"].values()))
            return f"map from name to: {_kind(values, models)}"
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number" as kind:
            return f"{'whole number' if kind == 'integer' else 'number'}{_range(schema)}"
        case "string" if schema.get("format") == "path":
            return "path"
        case "string":
            return f"text{_form(schema)}"
    return "anything"


def _range(schema: Schema) -> str:
    low, above, high = (schema.get(key) for key in ("minimum", "exclusiveMinimum", "maximum"))
    lower = f"from {low:g}" if low is not None else f"above {above:g}" if above is not None else ""
    upper = f"{'to' if low is not None else 'up to'} {high:g}" if high is not None else ""
    return "".join(f" {part}" for part in (lower, upper) if part)


def _form(schema: Schema) -> str:
    pattern = schema.get("pattern")
    form = "" if pattern is None else " on one line" if pattern == ONE_LINE else f" that matches `{pattern}`"
    return form + (f", at most {schema['maxLength']} characters" if "maxLength" in schema else "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "as in its section"
    if value is None:
        return ""
    plain = (
        [each.model_dump(mode="json") if isinstance(each, BaseModel) else each for each in value]
        if isinstance(value, tuple)
        else value
    )
    return f"`{json.dumps(plain)}`"
