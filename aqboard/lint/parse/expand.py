"""What words become, as far as that is known without running anything.

Variables that the script itself sets to plain text are put in. In the batch step three more are known: it is not a
task, so `SLURM_PROCID`, `SLURM_LOCALID` and `SLURM_NODEID` are 0 there, whatever the tasks will have.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from aqboard.lint.parse.model import Word

BATCH_STEP = ("SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID")

LONGEST = 64 * 1024
"""Characters of one word that are looked at."""

BUDGET = 8 << 20
"""Characters put in for variables, over the whole script: a variable that doubles itself must not fill the memory."""

DEEPEST = 12
"""Quotes within expansions within quotes; deeper text counts as not known."""

COUNTED = 2000
"""Bytes of a line within which columns count characters; beyond, bytes."""

SHOWN = 200
"""Characters kept of an expansion that is not known."""


@dataclass
class Expander:
    """Turns nodes of the tree into words; knows the variables set so far."""

    source: bytes
    first_line: int = 1
    """Line of the file that the text's first line is."""
    variables: dict[str, Word | None] = field(default_factory=dict)
    """None once a variable may have one of several values."""
    arrays: dict[str, tuple[Word, ...]] = field(default_factory=dict)
    budget: int = BUDGET

    def __post_init__(self) -> None:
        self._ascii = self.source.isascii()

    def place(self, node: Node) -> tuple[int, int]:
        """Line and column of a node's beginning."""
        row, byte = node.start_point
        if byte <= COUNTED and not self._ascii:
            byte = len(self.source[node.start_byte - byte : node.start_byte].decode(errors="replace"))
        return row + self.first_line, byte + 1

    def raw(self, node: Node, most: int = LONGEST) -> str:
        """The text of a node as written."""
        return self.source[node.start_byte : min(node.end_byte, node.start_byte + most)].decode(errors="replace")

    def words(self, node: Node) -> list[Word]:
        """The words that one argument becomes: several for an array or an unquoted variable with blanks in it."""
        array = self._array(node)
        if array is not None:
            line, column = self.place(node)
            return [replace(word, line=line, column=column) for word in array]
        word = self.word(node)
        if node.type in ("simple_expansion", "expansion") and word.known and any(map(str.isspace, word.text)):
            return [replace(word, text=part) for part in word.text.split()]
        return [word]

    def word(self, node: Node) -> Word:
        """One word for one node."""
        line, column = self.place(node)
        parts = _Parts(origin=line)
        self._add(node, parts, depth=0)
        return Word("".join(parts.text)[:LONGEST], line, column, parts.known, frozenset(parts.names), parts.origin)

    def _array(self, node: Node) -> tuple[Word, ...] | None:
        """The elements when a node is `"${NAME[@]}"` and they are known."""
        inner = node.named_children
        if node.type == "string" and len(inner) == 1 and node.end_byte - node.start_byte == _length(inner[0]) + 2:
            node = inner[0]
        if node.type != "expansion" or not node.named_children or node.named_children[0].type != "subscript":
            return None
        name, _, index = self.raw(node.named_children[0], SHOWN).partition("[")
        elements = self.arrays.get(name)
        if elements is None or index not in ("@]", "*]") or _length(node) != len(name) + len("${[@]}"):
            return None
        return elements if self._spend(sum(len(word.text) for word in elements)) else None

    def _add(self, node: Node, parts: "_Parts", depth: int) -> None:
        match node.type:
            case "raw_string":
                parts.text.append(self.raw(node)[1:].removesuffix("'"))
            case "ansi_c_string":
                parts.text.append(self.raw(node)[2:].removesuffix("'"))
            case "word" | "number" | "string_content" | "extglob_pattern" | "variable_name" | "regex":
                parts.text.append(_unescaped(self.raw(node), quoted=node.type == "string_content"))
            case "simple_expansion" | "expansion":
                self._add_variable(node, parts)
            case "string" | "concatenation" | "command_name" | "translated_string" | "heredoc_body":
                self._add_pieces(node, parts, depth)
            case _:
                self._add_unknown(node, parts)

    def _add_pieces(self, node: Node, parts: "_Parts", depth: int) -> None:
        """The children, and the text between them: blanks inside quotes have no node in the grammar."""
        if depth > DEEPEST:
            self._add_unknown(node, parts)
            return
        quoted = node.type in ("string", "translated_string", "heredoc_body")
        at = node.start_byte
        for child in node.children:
            if child.start_byte - node.start_byte > LONGEST:
                break
            gap = self.source[at : child.start_byte]
            if gap and quoted:
                parts.text.append(_unescaped(gap.decode(errors="replace"), quoted=True))
            if child.is_named:
                self._add(child, parts, depth + 1)
            elif child.type not in ('"', '$"'):
                parts.text.append(self.raw(child))
            at = child.end_byte
        if node.type == "heredoc_body":
            rest = self.source[at : min(node.end_byte, at + LONGEST)].decode(errors="replace")
            parts.text.append(_unescaped(rest, quoted=True))

    def _add_variable(self, node: Node, parts: "_Parts") -> None:
        """`$NAME` and `${NAME}`; with an operator (`${NAME:-x}`) the value itself when it is known."""
        names = [child for child in node.named_children if child.type == "variable_name"]
        name = self.raw(names[0], SHOWN) if names else ""
        if not name:
            self._add_unknown(node, parts)
            return
        parts.names.add(name)
        plain = node.type == "simple_expansion" or _length(node) == len(name) + len("${}")
        default = not plain and self.raw(node, SHOWN)[2 + len(name) :].startswith((":-", "-", ":?", "?", ":=", "="))
        value = self.variables.get(name) if plain or default else None
        if value is not None and self._spend(len(value.text)):
            if not parts.text:
                parts.origin = value.origin
            parts.text.append(value.text)
            parts.known &= value.known
            parts.names |= value.names
        else:
            parts.known = False
            parts.text.append(f"${{{name}}}" if plain else self.raw(node, SHOWN))

    def _add_unknown(self, node: Node, parts: "_Parts") -> None:
        text = self.raw(node, SHOWN)
        parts.text.append(text)
        parts.known &= not any(sign in text for sign in "$`(")
        parts.names.update(_names(text))

    def _spend(self, characters: int) -> bool:
        self.budget -= characters
        return self.budget >= 0


@dataclass
class _Parts:
    """A word while it is put together."""

    origin: int
    text: list[str] = field(default_factory=list)
    known: bool = True
    names: set[str] = field(default_factory=set)


def _length(node: Node) -> int:
    return node.end_byte - node.start_byte


def _unescaped(text: str, *, quoted: bool) -> str:
    """Without the backslashes that bash takes away; between double quotes only those before special characters."""
    if "\\" not in text:
        return text
    out: list[str] = []
    chars = iter(text)
    for char in chars:
        if char != "\\":
            out.append(char)
            continue
        following = next(chars, "")
        if following == "\n":
            continue
        out.append(following if not quoted or following in '$`"\\' else char + following)
    return "".join(out)


def _names(text: str) -> Iterable[str]:
    """Names that follow a `$` in an expansion too involved to follow."""
    for piece in text.split("$")[1:]:
        name = piece.lstrip("{#!")
        end = next((i for i, char in enumerate(name) if not (char == "_" or char.isalnum())), len(name))
        if end:
            yield name[:end]
