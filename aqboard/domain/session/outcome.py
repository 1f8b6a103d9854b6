"""What became of one probe: its evidence, or why there is none."""

from typing import Literal

from pydantic import Field, JsonValue

from aqboard.domain.model import Record


class ProbeOutcome(Record):
    """Written by the probe process as one JSON line; stored whole."""

    probe: str
    """Equals the kind of evidence it returns."""
    status: Literal["measured", "unavailable", "broke"]
    """`unavailable`: something the probe builds on was not measured, `message` says what."""
    evidence: dict[str, JsonValue] | None = None
    message: str = ""
    detail: str = ""
    """Traceback, for `broke`."""
    seconds: float = Field(default=0.0, ge=0)
