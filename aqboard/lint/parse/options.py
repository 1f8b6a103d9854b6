"""Options of sbatch and srun by their long names, and how numbers are written in them.

Source: the manual pages of Slurm 22.05.
"""

import re
from collections.abc import Sequence

SHORT = {
    "A": "account",
    "B": "extra-node-info",
    "C": "constraint",
    "D": "chdir",
    "F": "nodefile",
    "G": "gpus",
    "H": "hold",
    "I": "immediate",
    "J": "job-name",
    "K": "kill-on-bad-exit",
    "L": "licenses",
    "M": "clusters",
    "N": "nodes",
    "O": "overcommit",
    "Q": "quiet",
    "S": "core-spec",
    "T": "threads",
    "W": "wait",
    "X": "disable-status",
    "Z": "no-allocate",
    "a": "array",
    "b": "begin",
    "c": "cpus-per-task",
    "d": "dependency",
    "e": "error",
    "i": "input",
    "k": "no-kill",
    "l": "label",
    "m": "distribution",
    "n": "ntasks",
    "o": "output",
    "p": "partition",
    "q": "qos",
    "r": "relative",
    "s": "oversubscribe",
    "t": "time",
    "u": "unbuffered",
    "v": "verbose",
    "w": "nodelist",
    "x": "exclude",
}

VALUELESS = frozenset(
    """
    contiguous disable-status exact exclusive get-user-env help hetjob hold ignore-pbs immediate kill-on-bad-exit label
    multi-prog nice no-allocate no-kill no-requeue overcommit overlap oversubscribe parsable preserve-env propagate pty
    quiet reboot requeue spread-job test-only unbuffered usage use-min-nodes verbose version
    """.split()  # noqa: SIM905 - a list to read
)
"""Options whose value, where they take one at all, only follows a `=`."""

_NUMBER = re.compile(r"\d{1,7}", re.ASCII)
_NODES = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?(?::\d+)?", re.ASCII)


def read_options(words: Sequence[str], *, sbatch: bool = False) -> tuple[dict[str, str], int]:
    """The options in front, by long name, and how many words they take; what follows is the program.

    An option without a value gives an empty string. With `sbatch`, `--wait` takes none.
    """
    found: dict[str, str] = {}
    valueless = VALUELESS | {"wait"} if sbatch else VALUELESS
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return found, at + 1
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            attached = bool(equals)
        elif len(word) > 1 and word[0] == "-" and word[1] in SHORT:
            name, value = SHORT[word[1]], word[2:].removeprefix("=")
            attached = bool(value)
        else:
            break
        at += 1
        if not attached and name not in valueless and at < len(words):
            value = words[at]
            at += 1
        found[name.replace("_", "-")] = value
    return found, at


def whole_number(text: str | None) -> int | None:
    """The number in an option's value; None where there is none."""
    return int(text) if text is not None and _NUMBER.fullmatch(text.strip()) else None


def node_count(text: str | None) -> int | None:
    """The number of nodes in the value of `--nodes`; of a range the larger end. None where there is none."""
    match = _NODES.fullmatch(text.strip()) if text else None
    return int(match[2] or match[1]) if match else None


def gpu_count(request: str | None) -> int | None:
    """The number in `8`, `a100:4` or `gpu:a100:4(S:0-1),tmpdisk:1G`; a type alone asks for one. None for others."""
    if not request:
        return None
    for part in request.split(","):
        words = part.partition("(")[0].split(":")
        if words[0] == "gpu":
            words = words[1:] or ["1"]
        elif ":" in part and "gpu" in request:
            continue
        return whole_number(words[-1]) if words[-1].isdecimal() else 1
    return None
