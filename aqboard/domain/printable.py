"""Text that may be shown: what comes from file names and file contents can hold anything."""

from typing import Annotated

from pydantic import AfterValidator


def printable(text: str) -> str:
    """The text with control characters and undecodable bytes replaced, so that no terminal or JSON trips over it."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


PathText = Annotated[str, AfterValidator(printable)]
"""A path as it is shown. A name that is not UTF-8 shows replacement characters and cannot be opened from here."""
