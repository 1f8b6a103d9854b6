"""Markdown text for generated pages."""

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Text for one cell of a table: on one line, with no sign that would end the cell."""
    return " ".join(text.split()).replace("|", r"\|")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; the cells are Markdown already."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def paragraphs(*parts: str) -> str:
    """The parts that are not empty, with a blank line between them."""
    return "\n\n".join(part for part in parts if part)
