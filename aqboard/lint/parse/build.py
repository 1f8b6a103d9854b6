"""From the syntax tree to commands in the order in which they run.

The tree is walked with a stack of its own, because a script may nest as deep as it likes and Python may not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from aqboard.lint.parse.expand import BATCH_STEP, Expander
from aqboard.lint.parse.model import Assignment, Command, CommandContext, Comment, Word
from aqboard.lint.parse.order import Visit, children, redirected, substituted
from aqboard.lint.parse.tree import parse


@dataclass(frozen=True)
class Built:
    """What a text runs, in order, and what else it says."""

    commands: tuple[Command, ...]
    comments: tuple[Comment, ...]
    loose: tuple[Word, ...]
    faults: tuple[int, ...]
    """Lines that the grammar does not understand."""


def build(text: str, *, first_line: int = 1, batch: bool = True) -> Built:
    """Read shell text. With `batch` it runs in the batch step, where a task's own variables are 0.

    Raises TooComplex as `parse` does.
    """
    source = text.encode(errors="replace")
    walker = _Walker(Expander(source, first_line))
    if batch:
        walker.expander.variables.update({name: Word("0", 0, 0) for name in BATCH_STEP})
    walker.walk(parse(source))
    return Built(
        _inlined(walker.main, walker.functions), tuple(walker.comments), tuple(walker.loose), tuple(walker.faults)
    )


@dataclass
class _Walker:
    """Collects while it walks; the expander learns the variables on the way."""

    expander: Expander
    main: list[Command] = field(default_factory=list)
    functions: dict[str, list[Command]] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    loose: list[Word] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    allexport: bool = False

    def walk(self, root: Node) -> None:
        """Look at every node once, in the order in which bash would run them."""
        stack = [Visit(root, CommandContext(), self.main)]
        while stack:
            visit = stack.pop()
            if visit.emit:
                self._emit(visit)
            else:
                stack.extend(reversed(list(self._visit(visit))))

    def _visit(self, visit: Visit) -> Iterator[Visit]:
        node = visit.node
        match node.type:
            case "comment":
                line, column = self.expander.place(node)
                self.comments.append(Comment(self.expander.raw(node), line, column))
            case "command" | "declaration_command" | "unset_command" | "test_command" | "variable_assignment":
                yield from substituted(visit, node)
                yield replace(visit, emit=True)
            case "function_definition":
                name = node.child_by_field_name("name")
                body = node.child_by_field_name("body")
                if name is not None and body is not None:
                    sink = self.functions.setdefault(self.expander.raw(name, 200), [])
                    yield Visit(body, CommandContext(), sink, function=True)
            case "redirected_statement":
                yield from redirected(visit)
            case "file_redirect" | "herestring_redirect":
                self.loose.extend(self.expander.word(child) for child in node.named_children)
                yield from substituted(visit, node)
            case "ERROR":
                self.faults.append(self.expander.place(node)[0])
                yield from children(visit)
            case _:
                yield from children(visit)

    def _emit(self, visit: Visit) -> None:
        node = visit.node
        line, column = self.expander.place(node)
        command = Command(
            words=tuple(self._words(node)),
            assignments=tuple(self._assignments(node, visit)),
            line=line,
            column=column,
            end_line=node.end_point[0] + self.expander.first_line,
            context=visit.context,
            stdin=self._stdin(visit.stdin),
        )
        if command.name == "set" and any(word.text in ("-a", "allexport") for word in command.words):
            self.allexport = True
        if command.words or command.assignments:
            visit.sink.append(command)

    def _words(self, node: Node) -> Iterator[Word]:
        if node.type in ("declaration_command", "unset_command", "test_command"):
            line, column = self.expander.place(node)
            yield Word(self.expander.raw(node.children[0], 20), line, column)
        if node.type == "test_command":
            yield Word(self.expander.raw(node), line, column, known=False)
        if node.type in ("variable_assignment", "test_command"):
            return
        for child in node.named_children:
            if child.type == "command_name":
                yield from self.expander.words(child.children[0] if child.child_count == 1 else child)
            elif child.type in ("file_redirect", "herestring_redirect"):
                self.loose.extend(self.expander.word(part) for part in child.named_children)
            elif child.type not in ("variable_assignment", "comment"):
                yield from self.expander.words(child)

    def _assignments(self, node: Node, visit: Visit) -> Iterator[Assignment]:
        keyword = node.children[0].type if node.type == "declaration_command" else ""
        flags = [self.expander.raw(child, 20) for child in node.named_children if child.type == "word"]
        exported = keyword == "export" or any(flag.startswith("-") and "x" in flag for flag in flags)
        if keyword == "export" and "-n" in flags:
            exported = False
        nodes = [node] if node.type == "variable_assignment" else node.named_children
        for child in nodes:
            if child.type == "variable_assignment":
                yield from self._assign(child, visit, exported=exported or node.type == "command")
            elif child.type == "variable_name" and exported:
                name = self.expander.raw(child, 200)
                line, column = self.expander.place(child)
                value = self.expander.variables.get(name) or Word(f"${{{name}}}", line, column, known=False)
                yield Assignment(name, value, True, line, column)

    def _assign(self, node: Node, visit: Visit, *, exported: bool) -> Iterator[Assignment]:
        target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if target is None or target.type != "variable_name":
            return
        name = self.expander.raw(target, 200)
        line, column = self.expander.place(node)
        plus = any(child.type == "+=" for child in node.children)
        prefix = visit.node.type == "command"
        if value is not None and value.type == "array":
            elements = tuple(word for child in value.named_children for word in self.expander.words(child))
            self._learn_array(name, elements, visit, plus=plus)
            return
        word = self.expander.word(value) if value is not None else Word("", line, column, origin=line)
        if plus:
            before = self.expander.variables.get(name)
            word = replace(word, text=(before.text if before else f"${{{name}}}") + word.text, known=before is not None)
        if not prefix:
            self._learn(name, word, visit)
        yield Assignment(name, word, exported or self.allexport, line, column)

    def _learn(self, name: str, word: Word, visit: Visit) -> None:
        """Remember a value; one set in a branch or a function is one of several possible ones."""
        sure = not (visit.context.conditional or visit.function)
        self.expander.variables[name] = word if sure and self.expander.budget > 0 else None

    def _learn_array(self, name: str, elements: tuple[Word, ...], visit: Visit, *, plus: bool) -> None:
        before = self.expander.arrays.get(name, ()) if plus else ()
        if visit.context.conditional or visit.function or len(before) + len(elements) > 1000:
            self.expander.arrays.pop(name, None)
        else:
            self.expander.arrays[name] = before + elements

    def _stdin(self, node: Node | None) -> Word | None:
        return None if node is None else self.expander.word(node)


def _inlined(main: list[Command], functions: dict[str, list[Command]]) -> tuple[Command, ...]:
    """The commands, with each function's inserted after its first call."""
    done: list[Command] = []
    seen: set[str] = set()
    stack: list[Iterator[Command]] = [iter(main)]
    calls: list[CommandContext] = [CommandContext()]
    while stack:
        command = next(stack[-1], None)
        if command is None:
            stack.pop()
            calls.pop()
            continue
        if len(calls) > 1:
            command = replace(command, context=command.context.inside(calls[-1]))
        done.append(command)
        name = command.words[0].text if command.words else ""
        if name in functions and name not in seen:
            seen.add(name)
            stack.append(iter(functions[name]))
            calls.append(command.context)
    return tuple(done)
