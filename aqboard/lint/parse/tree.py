"""bash text to a syntax tree, in bounded time. Parsing runs nothing.

The grammar is tree-sitter's for bash. Some texts that nobody writes (a hundred thousand pipes) take it time that grows
with the square of their length, so it is stopped at a deadline.
"""

import time
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from aqboard.domain.errors import LaunchError

SECONDS = 5.0
MAX_NODES = 1_000_000
"""A hundred thousand short lines."""


_ASCII = bytes(range(128)) + b"%" * 128
"""The grammar's scanner looks characters up in the C library's tables, which end long before Unicode does: an emoji in
the wrong place reads past them, and the process is gone. `%` is what no rule asks for, and no name can hold."""


class TooComplex(LaunchError):
    """The text is not a script that a person wrote; it was not judged."""

    code = "too-complex"


def parse(source: bytes, seconds: float = SECONDS) -> Node:
    """The root of the tree of a text without NUL bytes, which the grammar's scanner cannot be stopped at.

    Raises TooComplex when that takes longer than `seconds`, or gives more nodes than any honest script.
    """
    end = time.monotonic() + seconds
    source = source.translate(_ASCII)  # byte for byte: places stay what they are
    parser = Parser(_bash())
    try:
        tree = parser.parse(
            lambda offset, _: source[offset : offset + 65_536],
            encoding="utf8",
            progress_callback=lambda _offset, _error: time.monotonic() > end,
        )
    except ValueError:
        raise TooComplex(
            f"The text could not be parsed within {seconds:g} s: it nests or repeats as no honest script does."
        ) from None
    if tree.root_node.descendant_count > MAX_NODES:
        raise TooComplex("The text has more commands and words than a batch script can use; nothing was judged.")
    return tree.root_node


@cache
def _bash() -> Language:
    return Language(tree_sitter_bash.language())
