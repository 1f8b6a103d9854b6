"""The base of every record that passes between layers, and the one text that its digest is taken over."""

import hashlib
import json
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


def canonical(value: object) -> str:
    """`value` as JSON in the one form that is hashed: keys sorted, no spaces, ASCII only.

    Escaping keeps a file name that is not UTF-8 (a lone surrogate) a text that can be encoded.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(value: object) -> str:
    """SHA-256 of `canonical(value)`, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()
