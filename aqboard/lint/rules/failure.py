"""Rules on failures: whether the script stops at the first one, and whether Slurm learns of the last."""

from collections.abc import Iterator
from itertools import takewhile

from aqboard.lint.parse.model import Command, JobStep, Script
from aqboard.lint.rules.queries import sets_option
from aqboard.lint.rules.rule import BASH, Hit, Level, Rule, RuleContext

ENDS = ("exit", "return", "false", "kill", "scancel")
"""Commands that keep a failure a failure."""

CANNOT_FAIL = frozenset({"", "export", "unset", "set", "echo", "printf", "declare", "readonly", "local", "trap", ":"})


def errexit(script: Script, _: RuleContext) -> Iterator[Hit]:
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


ERREXIT = Rule(
    1,
    "errexit",
    "The script stops at the first failure",
    Level.ERROR,
    "bash goes on after a failure: when `cd`, `source` or a copy fails, hundreds of GPUs start on what is left. "
    "Without pipefail a pipeline counts as successful when only its last part is.",
    BASH,
    errexit,
    whole=True,
)


def exit_code(script: Script, _: RuleContext) -> Iterator[Hit]:
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
                    f'After the step of line {step.line} write: rc=$?   and as the last line: exit "$rc"',
                    masking.column,
                )


EXIT_CODE = Rule(
    2,
    "exit-code",
    "The last step's exit code is the job's",
    Level.ERROR,
    "Slurm takes the exit code of the script's last command. An `echo` after srun makes a failed training "
    "COMPLETED, and a job that waits with `--dependency=afterok` starts.",
    BASH,
    exit_code,
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
            now = sets_option(command, letter, name)
            on = on if now is None else now or (ever and on)
    return on


def _replaces_the_script(command: Command) -> bool:
    """Whether the step replaces the script, so that nothing after it runs."""
    return command.name == "exec"


def _last_steps(script: Script) -> list[JobStep]:
    """The step that decides; of several that run in the background at the same time, the first."""
    real = [step for step in script.steps if not step.command.context.substituted]
    background = [step for step in real if step.command.context.background]
    return background[:1] if background and real[-1] is background[-1] else real[-1:]


def _background(step: JobStep, after: list[Command]) -> Iterator[Hit]:
    waits = [command for command in after if command.name == "wait"]
    if any(len(wait.words) > 1 for wait in waits):
        return
    at = waits[0] if waits else step.command
    yield Hit(
        at.line,
        f"`wait` without a process id gives 0, whatever became of the step of line {step.line}."
        if waits
        else "The step runs in the background and nothing waits for it: it is killed when the script ends.",
        f'After the `&` of line {step.line} write: pid=$!   and later: wait "$pid"',
        at.column,
    )


def _swallowed(step: JobStep, after: list[Command]) -> Iterator[Hit]:
    """`srun ... || true`: another command's exit code replaces the step's."""
    instead = list(takewhile(lambda command: command.context.fallback, after))
    if instead and not any(command.name in ENDS for command in instead):
        yield Hit(
            instead[0].line,
            f"When the step of line {step.line} fails, this runs, and its exit code replaces the step's.",
            f'After the step of line {step.line} write: || exit "$?"',
            instead[0].column,
        )


def _masking(after: list[Command]) -> Command | None:
    """The command whose exit code replaces the step's; None when the step's is kept, or nothing follows."""
    unconditional = [command for command in after if not command.context.conditional]
    if not unconditional:
        return None
    first = unconditional[0]
    if first.name in ("[", "[[", "test") and any("$?" in word.text for word in first.words):
        return None
    kept = {each.name for each in first.assignments if "$?" in each.value.text}
    for command in unconditional:
        if command.name in ("exit", "return"):
            code = command.words[1:2]
            if (code and code[0].names & kept) or (command is first and (not code or code[0].text == "$?")):
                return None
    return first
