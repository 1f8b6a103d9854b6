"""The base of all evidence."""

from typing import ClassVar

from aqboard.domain.model import Record


class Evidence(Record):
    """Base of all evidence. `kind` names the class in the store and in findings."""

    kind: ClassVar[str]
    builds_on: ClassVar[tuple[str, ...]] = ()
    """Kinds that its probe asks the context for: where this one is measured, they are measured before it."""
    limit_s: ClassVar[float] = 900.0
    """Seconds after which its probe is stopped, unless the plan's `limits` say otherwise: many times the usual."""
