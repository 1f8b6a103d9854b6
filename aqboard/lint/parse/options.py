"""Options of sbatch and srun by their long names. Source: the manual pages of Slurm 22.05."""

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
