"""A script as the rules see it: directives, and commands in the order in which they run.

Lines and columns count from 1, columns in characters. Nothing here refers to the parser.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

DECLARATIONS = ("export", "declare", "typeset", "readonly", "local")
"""Commands whose arguments are assignments."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as bash would hand it over, as far as that can be known without running anything."""

    text: str
    """Quotes removed, known variables put in; what is not known stays as `${NAME}` or `$(command)`."""
    line: int
    column: int
    known: bool = True
    names: frozenset[str] = frozenset()
    """Variables that the word rests on, also through other variables."""
    origin: int = 0
    """Line that the text begins on: another one when the text comes from a variable."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`NAME=value`; `exported` when the programs started afterwards see it."""

    name: str
    value: Word
    exported: bool
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class CommandContext:
    """Where a command is in the script, which decides what becomes of its exit code."""

    conditional: bool = False
    """It may not run: a branch, a loop's body, or after `&&` or `||`."""
    fallback: bool = False
    """After `||`: it runs when the command before it failed, and its exit code replaces that one's."""
    tested: bool = False
    """Its exit code is looked at: a condition, left of `&&` or `||`, or negated. errexit does not apply."""
    piped: bool = False
    """It is not the last of its pipeline, so without pipefail its exit code is lost."""
    pipeline: bool = False
    background: bool = False
    substituted: bool = False
    """Inside `$(...)` or `<(...)`."""

    def inside(self, outer: "CommandContext") -> "CommandContext":
        """The context of a function's command when the function is called in `outer`."""
        return CommandContext(*(getattr(self, name) or getattr(outer, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command with the assignments in front of it; without words, assignments alone."""

    words: tuple[Word, ...]
    assignments: tuple[Assignment, ...]
    line: int
    column: int
    end_line: int
    context: CommandContext = CommandContext()
    stdin: Word | None = None
    """A here-document's text."""

    @property
    def name(self) -> str:
        """The program's name without its folder; empty for assignments alone."""
        return self.words[0].text.rpartition("/")[2] if self.words else ""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that bash sees as one, `#` included."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Directive:
    """One option of an `#SBATCH` line, by its long name."""

    option: str
    value: str
    line: int
    column: int
    text: str
    """The whole line."""


@dataclass(frozen=True)
class JobStep:
    """A command that starts tasks through srun."""

    position: int
    """In the script's `commands`."""
    command: Command
    options: Mapping[str, str]
    """srun's own, by long name."""
    program: tuple[Word, ...]
    inner: tuple[Command, ...]
    """What each task runs, where that is shell text: `bash -c '...'` or a here-document."""

    @property
    def line(self) -> int:
        """Where the step begins."""
        return self.command.line

    @property
    def column(self) -> int:
        """Where the step begins."""
        return self.command.column

    @cached_property
    def programs(self) -> tuple[tuple[Word, ...], ...]:
        """Every program that a task runs, with its arguments: srun's own, and those of its shell text."""
        return (self.program, *(command.words for command in self.inner if command.words))


@dataclass(frozen=True, eq=False)
class Script:
    """What one script says."""

    lines: tuple[str, ...]
    """Without line ends."""
    directives: tuple[Directive, ...]
    """Those that sbatch reads."""
    unread: tuple[Comment, ...]
    """Lines that look like directives and that sbatch does not read: after the first command, or indented."""
    commands: tuple[Command, ...]
    """In the order in which they run; a function's at its first call, one never called not at all."""
    steps: tuple[JobStep, ...]
    comments: tuple[Comment, ...]
    loose: tuple[Word, ...]
    """File names of redirections."""
    carriage_returns: tuple[int, ...]
    """Lines that end in CR LF."""
    notes: tuple[str, ...] = ()
    """What could not be looked into, in words."""

    @cached_property
    def asked(self) -> Mapping[str, Directive]:
        """The directive that decides, by option: the last one, as for sbatch."""
        return {directive.option: directive for directive in self.directives}

    @cached_property
    def exports(self) -> Mapping[str, tuple[tuple[int, Assignment | None], ...]]:
        """What becomes of each variable that programs inherit: from which command on it has which value, or none."""
        found: dict[str, list[tuple[int, Assignment | None]]] = {}
        for position, command in enumerate(self.commands):
            if command.name == "unset":
                for word in command.words[1:]:
                    if word.text in found:
                        found[word.text].append((position, None))
            elif not command.words or command.name in DECLARATIONS:
                for each in command.assignments:
                    if each.exported or each.name in found:
                        found.setdefault(each.name, []).append((position, each))
        return {name: tuple(history) for name, history in found.items()}

    def option(self, name: str) -> Directive | None:
        """The directive that decides on an option."""
        return self.asked.get(name)

    def value(self, *names: str) -> str | None:
        """The value of the first of these options that is given."""
        return next((found.value for name in names if (found := self.option(name))), None)

    def inherited(self, step: "JobStep", name: str) -> Assignment | None:
        """What a step's tasks get under a variable's name from the batch step; None when it is not exported."""
        for each in step.command.assignments:
            if each.name == name:
                return each
        history = self.exports.get(name, ())
        at = bisect_left(history, step.position, key=lambda entry: entry[0])
        return history[at - 1][1] if at else None
