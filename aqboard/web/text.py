"""Text that people outside this program wrote, shown letter for letter.

Names, paths, error messages and comments come from plans, files and forms. Streamlit reads most of its strings as
Markdown with extras (directives, emoji codes, formulas, links), so everything untrusted goes through `plain`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from aqboard.domain.words import visible

WORD_JOINER = "\N{WORD JOINER}"
"""Invisible and without width; it keeps apart what Streamlit would replace after all escapes are undone."""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_QUOTED = re.compile(r"`([^`\n]+)`")
_SPACE = re.compile(r"\s+")
# Places inside what Streamlit's text pass would turn into a logo, a link, a mail address, an arrow or a sign.
_REPLACED_LATER = re.compile(r"(?<=:)(?=streamlit:|//)|(?<=w)(?=\.)|(?=@)|(?<=[-<>~!=+])(?=[-<>=])", re.IGNORECASE)


def plain(text: object, *, most: int = 2000) -> str:
    """Markdown that shows `text` as it is, on one line, cut to `most` characters."""
    line = _SPACE.sub(" ", visible(str(text))).strip()
    if len(line) > most:
        line = line[: most - 1] + "…"
    return _PUNCTUATION.sub(r"\\\1", _REPLACED_LATER.sub(WORD_JOINER, line))


def code(text: object) -> str:
    """An inline code span around `text`: for paths, keys and digests, which people copy.

    The fence is longer than any run of backticks inside, as CommonMark asks.
    """
    line = _SPACE.sub(" ", visible(str(text))).strip() or " "
    fence = "`" * (1 + max(map(len, re.findall(r"`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def prose(text: object, span: Callable[[object], str] = code) -> str:
    """`plain`, but what stands between two backticks becomes a code span: for sentences of this program's own.

    They write commands and paths so. Text of others inside them can become code that way, and nothing else.
    `span` makes the code span: `cell_code` in a table.
    """
    parts = _QUOTED.split(visible(str(text)))  # at odd places what stood between backticks
    return "".join(span(part) if place % 2 else _kept(part) for place, part in enumerate(parts)).strip()


def _kept(part: str) -> str:
    """`plain`, with the spaces at both ends that keep a word and a code span apart."""
    before, after = (" " if part[:1].isspace() else ""), (" " if part[-1:].isspace() else "")
    return f"{before}{plain(part)}{after}" if part.strip() else before


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. The cells are Markdown already: put untrusted ones through `plain` or `cell_code`."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def row_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str] = ()) -> str:
    """Rows as a Markdown table, their text as it is but for commands between backticks; all columns, or these."""
    header = columns or tuple(rows[0])
    return table(header, [[prose(row[name], cell_code) for name in header] for row in rows])


def cell_code(text: object) -> str:
    """`code` for a table cell, where a bar would end the cell even inside a code span."""
    return code(text).replace("|", r"\|")
