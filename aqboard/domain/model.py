"""The base of every record that passes between layers."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Immutable, JSON-serialisable, and strict about unknown keys: a misspelt field is an error, not a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings", protected_namespaces=())
