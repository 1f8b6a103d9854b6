"""Rules on the shell: what becomes of a failure, and which lines sbatch reads at all."""

import re
from collections.abc import Iterator
from itertools import takewhile

from aqboard.lint.parse.model import Command, Script, Step
from aqboard.lint.rules.queries import sets_option
from aqboard.lint.rules.rule import Hit, Place

ENDS = ("exit", "return", "false", "kill", "scancel")
"""Commands that keep a failure a failure."""

CANNOT_FAIL = frozenset({"", "export", "unset", "set", "echo", "printf", "declare", "readonly", "local", "trap", ":"})


def errexit(script: Script, _: Place) -> Iterator[Hit]:
    """Is the first failure the end, also inside a pipeline?"""
    position = script.steps[-1].position if script.steps else len(script.commands) - 1
    first = next((command for command in script.commands[: max(position, 0)] if _may_fail(command)), None)
    if first is not None and not _switched(script, position, "e", "errexit", ever=True):
        yield Hit(
            first.line,
            f"Without errexit the job goes on when this command fails ({first.name}), and all GPUs with it.",
            f"Above line {first.line} write: set -o errexit -o nounset -o pipefail",
            first.column,
        )
    pipes = [i for i, each in enumerate(script.commands) if each.context.piped and not each.context.substituted]
    if pipes and not _switched(script, pipes[0], "", "pipefail", ever=True):
        pipe = script.commands[pipes[0]]
        yield Hit(
            pipe.line,
            f"Without pipefail a failure of {pipe.name or 'this command'} is lost: only the pipeline's last part "
            "counts.",
            f"Above line {pipe.line} write: set -o pipefail",
            pipe.column,
        )


def exit_code(script: Script, _: Place) -> Iterator[Hit]:
    """Is the exit code of the last step the job's?"""
    for step in _last_steps(script):
        after = [each for each in script.commands[step.position + 1 :] if not each.context.substituted]
        context = step.command.context
        if context.background:
            yield from _background(step, after)
        elif context.tested:
            yield from _swallowed(step, after)
        elif not _switched(script, step.position, "e", "errexit") and not _replaces_the_script(step.command):
            masking = _masking(after)
            if masking is not None:
                yield Hit(
                    masking.line,
                    f"This command runs after the step of line {step.line}, and its exit code becomes the job's: "
                    "a training that failed counts as COMPLETED.",
                    f'Behind the step of line {step.line} write: rc=$?   and as the last line: exit "$rc"',
                    masking.column,
                )


def directives(script: Script, _: Place) -> Iterator[Hit]:
    """Does sbatch read every directive, as it is meant?"""
    for directive in script.directives:
        variable = re.search(r"\$(\w+|\{[^}]*\}?|\()", directive.value)
        if variable:
            yield Hit(
                directive.line,
                f"sbatch reads this line, not bash: `{variable[0]}` stays as it is written.",
                f"Write the value itself in line {directive.line}, or give it when you submit: "
                f"sbatch --{directive.option}=VALUE",
                directive.text.find(variable[0]) + 1,
            )
    for comment in script.unread:
        after = comment.column == 1
        why = "it stands behind the first command" if after else "it does not begin in the first column"
        yield Hit(
            comment.line,
            f"sbatch does not read this directive: {why}.",
            f"Move line {comment.line} up to the other directives, above the first command."
            if after
            else f"Remove the blanks in front of #SBATCH in line {comment.line}.",
            comment.column,
        )


def line_ends(script: Script, _: Place) -> Iterator[Hit]:
    """Is it a script at all to sbatch?"""
    if script.carriage_returns:
        count = len(script.carriage_returns)
        yield Hit(
            script.carriage_returns[0],
            f"{count} {'line ends' if count == 1 else 'lines end'} in CR LF, as on Windows; sbatch refuses the script.",
            "Convert the file: sed -i 's/\\r$//' FILE",
        )
    first = script.lines[0]
    if not first.startswith("#!"):
        what = "a byte-order mark stands in front of it" if first.startswith("\ufeff#!") else "there is none"
        yield Hit(
            1,
            f"The first line is no `#!` line ({what}); sbatch refuses the script.",
            "Make this the first line: #!/bin/bash",
        )
    elif not re.match(r"#!\s*/\S", first):
        yield Hit(
            1, "The `#!` line does not name a program by its whole path.", "Make this the first line: #!/bin/bash"
        )


def _may_fail(command: Command) -> bool:
    context = command.context
    looked_at = context.tested or context.conditional or context.substituted or context.background
    return command.name not in CANNOT_FAIL and not looked_at


def _switched(script: Script, position: int, letter: str, name: str, *, ever: bool = False) -> bool:
    """Whether a shell option is on at a command; with `ever`, whether it was switched on at some time before."""
    first = script.lines[0]
    shebang = first.split()[1:] if first.startswith("#!") else []
    on = bool(letter) and any(word[:1] == "-" and word[:2] != "--" and letter in word for word in shebang)
    for command in script.commands[: position + 1]:
        if command.name == "set" and not command.context.substituted:
            told = sets_option(command, letter, name)
            on = on if told is None else told or (ever and on)
    return on


def _replaces_the_script(command: Command) -> bool:
    """Whether the step takes the script's place, so that nothing behind it runs."""
    return command.name == "exec"


def _last_steps(script: Script) -> list[Step]:
    """The step that decides; of several that run beside each other in the background, the first."""
    real = [step for step in script.steps if not step.command.context.substituted]
    background = [step for step in real if step.command.context.background]
    return background[:1] if background and real[-1] is background[-1] else real[-1:]


def _background(step: Step, after: list[Command]) -> Iterator[Hit]:
    waits = [command for command in after if command.name == "wait"]
    if any(len(wait.words) > 1 for wait in waits):
        return
    told = waits[0] if waits else step.command
    yield Hit(
        told.line,
        f"`wait` without a process id gives 0, whatever became of the step of line {step.line}."
        if waits
        else "The step runs in the background and nothing waits for it: it is killed when the script ends.",
        f'Behind the `&` of line {step.line} write: pid=$!   and later: wait "$pid"',
        told.column,
    )


def _swallowed(step: Step, after: list[Command]) -> Iterator[Hit]:
    """`srun ... || true`: another command's exit code takes the place of the step's."""
    instead = list(takewhile(lambda command: command.context.fallback, after))
    if instead and not any(command.name in ENDS for command in instead):
        yield Hit(
            instead[0].line,
            f"When the step of line {step.line} fails, this runs, and its exit code takes the place of the step's.",
            f'Behind the step of line {step.line} write: || exit "$?"',
            instead[0].column,
        )


def _masking(after: list[Command]) -> Command | None:
    """The command whose exit code takes the place of the step's; None when the step's is kept, or nothing follows."""
    behind = [command for command in after if not command.context.conditional]
    if not behind:
        return None
    first = behind[0]
    if first.name in ("[", "[[", "test") and any("$?" in word.text for word in first.words):
        return None
    kept = {each.name for each in first.assignments if "$?" in each.value.text}
    for command in behind:
        if command.name in ("exit", "return"):
            told = command.words[1:2]
            if (told and told[0].names & kept) or (command is first and (not told or told[0].text == "$?")):
                return None
    return first
