"""The base of every record that passes between layers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]*$")
]
"""What people call something, or themselves, on one line."""


class Record(BaseModel):
    """Immutable, JSON-serialisable, and strict about unknown keys: a misspelt field is an error, not a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings", protected_namespaces=())


def first_fault(error: ValidationError, whole: str = "the whole") -> str:
    """The first thing that is wrong with a record, in one sentence: the field by its dotted path, and why.

    `whole`: what to call the record itself where no single field is at fault.
    """
    return f"{faults(error, whole)[0]}."


def faults(error: ValidationError, whole: str = "the whole") -> tuple[str, ...]:
    """Everything that is wrong with a record, as `first_fault` says it, without the full stops."""
    return tuple(
        f"{'.'.join(map(str, fault['loc'])) or whole}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors()
    )
