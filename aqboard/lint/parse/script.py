"""From text to `Script`: what sbatch reads, what bash runs, and the steps that start tasks."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aqboard.lint.parse.build import build
from aqboard.lint.parse.model import Command, Comment, Directive, JobStep, Script, Word
from aqboard.lint.parse.options import SHORT, read_options

SHELLS = ("bash", "sh", "dash", "zsh", "ksh")
WRAPPERS = ("exec", "time", "nohup", "command", "env", "timeout", "stdbuf", "nice", "ionice", "setsid", "builtin")
MAX_TASK_TEXT = 2 << 20
"""Bytes of shell text inside steps that are read, over the whole script."""

_DURATION = re.compile(r"\d+(\.\d+)?[smhd]?")


def read_script(text: str) -> Script:
    """The script's model. Raises TooComplex where a text cannot be parsed in bounded time."""
    raw = text.replace("\0", "\N{REPLACEMENT CHARACTER}").split("\n")
    lines = tuple(line.removesuffix("\r") for line in raw)
    built = build("\n".join(lines))
    directives, unread = _directives(lines, built.comments)
    reader = _TaskTexts()
    steps = tuple(reader.steps(built.commands))
    notes = [f"Line {line}: not understood as bash; the rules may miss what stands there." for line in built.faults[:5]]
    if any(directive.option in ("hetjob", "packjob") for directive in directives):
        notes.append("This is a heterogeneous job: only its first component's shape is judged.")
        first = next(i for i, each in enumerate(directives) if each.option in ("hetjob", "packjob"))
        directives = directives[:first]
    return Script(
        lines=lines,
        directives=directives,
        unread=unread,
        commands=built.commands,
        steps=steps,
        comments=built.comments,
        loose=built.loose,
        carriage_returns=tuple(i for i, line in enumerate(raw, 1) if line.endswith("\r")),
        notes=(*notes, *reader.notes),
    )


def _directives(lines: Sequence[str], comments: Sequence[Comment]) -> tuple[tuple[Directive, ...], tuple[Comment, ...]]:
    """What sbatch reads (lines that begin with `#SBATCH`, up to the first command) and what it passes over."""
    read: list[Directive] = []
    end = len(lines) + 1
    for number, line in enumerate(lines, 1):
        if line.startswith("#SBATCH"):
            read += _options(line, number)
        elif line.strip() and not line.lstrip().startswith("#"):
            end = number
            break
    unread = tuple(
        comment
        for comment in comments
        if comment.text.startswith("#SBATCH")
        and (comment.line > end or comment.column > 1)
        and not lines[comment.line - 1][: comment.column - 1].strip()
    )
    return tuple(read), unread


def _options(line: str, number: int) -> Iterator[Directive]:
    rest = line.removeprefix("#SBATCH")
    try:
        words = shlex.split(rest, comments=True)
    except ValueError:
        words = rest.split()
    options, _ = read_options(words, sbatch=True)
    if words[:1] in (["hetjob"], ["packjob"]):
        options = {words[0]: ""}
    for option, value in options.items():
        short = next((sign for sign, name in SHORT.items() if name == option), "")
        at = max(line.find(f"--{option}"), line.find(f"-{short}") if short else -1, 0)
        yield Directive(option, value, number, at + 1, line)


@dataclass
class _TaskTexts:
    """Finds the steps, and reads the shell text that their tasks run."""

    left: int = MAX_TASK_TEXT
    notes: tuple[str, ...] = ()

    def steps(self, commands: Sequence[Command]) -> Iterator[JobStep]:
        """Every command that starts tasks with srun."""
        for position, command in enumerate(commands):
            words = unwrapped(command.words)
            if not words or words[0].text.rpartition("/")[2] != "srun":
                continue
            texts = [word.text for word in words[1:]]
            options, taken = read_options(texts)
            program = tuple(words[1 + taken :])
            yield JobStep(position, command, options, program, tuple(self._inner(program, command.stdin)))

    def _inner(self, program: Sequence[Word], stdin: Word | None) -> Iterator[Command]:
        text = _shell_text(program, stdin)
        if text is None:
            return
        self.left -= len(text.text)
        if self.left < 0:
            self.notes = ("The tasks' shell text is too long to be read whole; the rest was not judged.",)
            return
        yield from build(text.text, first_line=text.origin, batch=False).commands


def _shell_text(program: Sequence[Word], stdin: Word | None) -> Word | None:
    """The text that a shell among the program's words is given with `-c`, or on its standard input."""
    for i, word in enumerate(program):
        if word.text.rpartition("/")[2] not in SHELLS:
            continue
        rest = list(program[i + 1 :])
        while rest and rest[0].text.startswith(("-", "+")) and len(rest[0].text) > 1:
            option = rest.pop(0).text
            if not option.startswith("--") and "c" in option:
                return rest[0] if rest else None
            if option in ("-o", "+o", "--rcfile", "--init-file") and rest:
                rest.pop(0)
        return stdin if not rest or rest[0].text in ("-", "/dev/stdin") else None
    return None


def unwrapped(words: Sequence[Word]) -> Sequence[Word]:
    """The words without what only starts the program another way: `exec`, `time`, `env A=1`, `timeout 3h`."""
    while words and words[0].text.rpartition("/")[2] in WRAPPERS:
        wrapper = words[0].text.rpartition("/")[2]
        words = words[1:]
        while words and (
            words[0].text.startswith("-")
            or (wrapper == "env" and "=" in words[0].text)
            or (wrapper in ("timeout", "nice", "ionice") and _DURATION.fullmatch(words[0].text))
        ):
            words = words[1:]
    return words
