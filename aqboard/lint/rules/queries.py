"""Questions that several rules ask of a script."""

import re
from collections.abc import Iterable, Iterator

from aqboard.lint.parse.model import Assignment, Command, JobStep, Script, Word

UTILITIES = frozenset(
    """
    awk basename cat chmod cp date df du echo env false find grep hostname id ls lscpu mkdir mv nproc nvidia-smi
    printenv printf pwd rm rocm-smi rocminfo rsync sbcast sed sleep tar test touch true uname
    """.split()  # noqa: SIM905 - a list to read
)
"""Programs that prepare or look; a step of these is not the training."""

NODE_LOCAL = re.compile(
    r"(/tmp|/var/tmp|/dev/shm|/local|/localscratch|/mnt/bb|/run/user)(/|$)"
    r"|\$\{?(TMPDIR|TMP|SLURM_TMPDIR|LOCAL_SCRATCH|LOCALSCRATCH|JOB_TMPDIR|JOBTMP|XDG_RUNTIME_DIR)\b"
)
"""Paths that are another disk on every node."""

SHARED = re.compile(
    r"(/scratch|/projappl|/project|/flash|/pfs|/users|/home|/lustre|/gpfs|/p/|/work|/leonardo|/ccs|/nfs|/mnt/lustre|~)"
    r"|\$\{?(HOME|SCRATCH|WORK|PROJECT|FAST|PWD|SLURM_SUBMIT_DIR|CINECA_SCRATCH|MEMBERWORK|PROJWORK)\b|\.{0,2}/?[\w.-]+/"
)
"""Paths that every node sees: parallel file systems, homes, and what lies relative to the job's folder."""


def trains(step: JobStep) -> bool:
    """Whether a step's tasks run more than small tools."""
    names = [words[0].text.rpartition("/")[2] for words in step.programs if words]
    return any(name not in UTILITIES for name in names)


def everywhere(script: Script) -> Iterator[tuple[Assignment, JobStep | None]]:
    """Every exported variable, of the batch step and (with the step) of the tasks' own shell text."""
    for command in script.commands:
        yield from ((each, None) for each in command.assignments if each.exported)
    for step in script.steps:
        for command in step.inner:
            yield from ((each, step) for each in command.assignments if each.exported)


def all_words(script: Script) -> Iterator[Word]:
    """Every word that may be a path, in the order of the lines of the batch step, then of the tasks."""
    for command in (*script.commands, *(inner for step in script.steps for inner in step.inner)):
        yield from command.words
        yield from (each.value for each in command.assignments)
    yield from script.loose


def sets_option(command: Command, letter: str, name: str) -> bool | None:
    """Whether `set` switches an option on or off (`-e`, `-o errexit`, `-euo pipefail`); None when it does neither."""
    found: bool | None = None
    words = iter([word.text for word in command.words[1:]])
    for word in words:
        if word[:1] not in ("-", "+") or len(word) < 2 or word == "--":
            break
        if letter and letter in word[1:]:
            found = word[0] == "-"
        if word.endswith("o") and next(words, "") == name:
            found = word[0] == "-"
    return found


def programs(words: Iterable[Word]) -> list[str]:
    """The last parts of words, as program names."""
    return [word.text.rpartition("/")[2] for word in words]
