"""Text that may be shown: what comes from file names and file contents can hold anything."""

import re
from typing import Annotated

from pydantic import AfterValidator

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
