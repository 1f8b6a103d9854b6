"""How bytes, moments and time spans are written, everywhere the same: in findings, tables, scripts and messages.

And text that may be shown at all: what comes from file names and file contents can hold anything.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

EXACT_BELOW = 10_000
"""Bytes up to here are written in full: single bytes tell small files apart."""

UNITS = ("kB", "MB", "GB", "TB", "PB")
"""Powers of 1000, as disks and quotas are sold."""


def size(count: float) -> str:
    """Bytes as people read them: `1 byte`, `5,000 bytes`, `12.5 kB`, `333 MB`, `1.2 TB`."""
    if count < EXACT_BELOW:
        return "1 byte" if count == 1 else f"{count:,.0f} bytes"
    value, power = count / 1000, 0
    while value >= 999.5 and power < len(UNITS) - 1:
        value, power = value / 1000, power + 1
    return f"{value:,.0f} {UNITS[power]}" if value >= 99.95 else f"{value:.1f} {UNITS[power]}"


def moment(when: datetime | float) -> str:
    """Date and minute in UTC: `2026-11-28 10:25 UTC`. `when` is aware, or seconds since 1970 as file dates are."""
    known = when.astimezone(UTC) if isinstance(when, datetime) else datetime.fromtimestamp(when, UTC)
    return f"{known:%Y-%m-%d %H:%M} UTC"


def lasting(seconds: float) -> str:
    """A time span: `1.5 s`, `2 min 5 s`, `3 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_rest} min" if minutes_rest else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


# Control characters, and the marks that reverse the direction of writing: they make a text look like another.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with control characters and undecodable bytes replaced, so that no terminal or JSON trips over it."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def visible(text: str) -> str:
    """`text` with control and direction marks replaced by the replacement character."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


PathText = Annotated[str, AfterValidator(printable)]
"""A path as it is shown. A name that is not UTF-8 shows replacement characters and cannot be opened from here."""
