"""What Slurm prints, in plain words: what is wrong, and what to do next.

Every pattern was seen with Slurm 22.05 or stands among the texts of its programs and library; the tests provoke most
of them in a real one.
"""

import re
from typing import NamedTuple


class Row(NamedTuple):
    """A pattern in what Slurm prints; `{0}`, `{1}` in the words are the pattern's groups."""

    pattern: re.Pattern[str]
    words: str


def _row(pattern: str, words: str) -> Row:
    return Row(re.compile(pattern, re.IGNORECASE), words)


# The first row that fits a line counts, so what is more exact stands first.
ROWS: tuple[Row, ...] = (
    # what is asked for
    _row(
        r"invalid partition specified: (\S+)",
        "There is no partition {0} on this cluster; `sinfo --summarize` lists those there are.",
    ),
    _row(
        r"Invalid partition name specified",
        "There is no such partition on this cluster; `sinfo --summarize` lists those there are.",
    ),
    _row(
        r"No partition specified or system default partition",
        "No partition is named and this cluster has no default; add --partition.",
    ),
    _row(
        r"Invalid account or account/partition combination",
        "The account does not exist, or may not use this partition; compare it with your projects (often `sacctmgr "
        "show associations user=$USER`, on LUMI `lumi-allocations`).",
    ),
    _row(
        r"(?:Maximum|Minimum) node count \d+ is (?:less|more) than|invalid node count",
        "The number of nodes cannot be read; write --nodes=NUMBER.",
    ),
    _row(
        r"Node count specification invalid",
        "The number of nodes is more than this partition has or allows for one job; ask for fewer, or use another "
        "partition.",
    ),
    _row(
        r"More processors requested than permitted",
        "More processors are asked for than the nodes have; check nodes, tasks per node and cores per task.",
    ),
    _row(
        r"Requested time limit is invalid",
        "The time is longer than this partition allows; ask for less and continue from a checkpoint, or use another "
        "partition.",
    ),
    _row(r"Invalid --time specification", "The time cannot be read; write --time=[days-]hours:minutes:seconds."),
    _row(
        r"Requested node configuration is not available",
        "No node of this partition has what is asked for; compare GPUs, memory and cores per node with the cluster's "
        "documentation.",
    ),
    _row(
        r"Invalid generic resource \(gres\)|Failed to ensure --gpus",
        "The GPUs asked for do not exist here or contradict each other; check --gpus-per-node or --gres.",
    ),
    _row(r"Invalid --mem specification", "The memory cannot be read; write --mem=NUMBER with M, G or T behind it."),
    _row(
        r"Memory required by task is not available|Memory specification can ?not be satisfied",
        "No node of this partition has as much memory as is asked for; check --mem.",
    ),
    _row(
        r"Invalid qos",
        "The quality of service does not exist or is not yours to use; check --qos.",
    ),
    _row(
        r"violates accounting/QOS policy|AssocGrp|AssocMax|QOSMax|job submit limit",
        "The project's limits do not allow another job of this size now; wait for others to end, or ask for less.",
    ),
    _row(r"Invalid feature specification", "No node has the feature named in --constraint."),
    _row(
        r"Requested reservation is invalid",
        "The reservation does not exist, or is not yours or not now.",
    ),
    _row(r"Invalid node name specified", "A node named in --nodelist or --exclude does not exist here."),
    _row(
        r"Job dependency problem",
        "The job that this one should wait for does not exist any more; submit both again.",
    ),
    _row(r"Invalid job id", "Slurm knows no job of this number: it never existed, or ended too long ago."),
    _row(r"Job/step already completing or completed", "The job has ended already."),
    _row(
        r"Access/permission denied",
        "The job belongs to somebody else, or the partition is not open to you.",
    ),
    # the script
    _row(r"DOS line breaks", "The script has Windows line ends; convert it with `dos2unix`."),
    _row(
        r"does not look like a batch script",
        "The first line of the script is not an interpreter; let it begin with #!/bin/bash.",
    ),
    _row(r"Batch script is empty", "The script is empty."),
    _row(r"Unable to open file (.+)", "The script {0} cannot be opened."),
    _row(
        r"Pathname of a file, directory or other parameter too long",
        "The script is too large for Slurm; keep data out of it.",
    ),
    _row(
        r"unrecognized option '(.+)'|invalid option -- '(.+)'",
        "Slurm knows no option {0}; it stands in an #SBATCH line or on the command line, check how it is written.",
    ),
    _row(
        r"Invalid directive found in batch script: (.+)",
        "An #SBATCH line holds {0}, which is no option; options begin with --.",
    ),
    _row(r"option '(.+)' requires an argument", "The option {0} needs a value."),
    # the way to Slurm
    _row(
        r"Unable to contact slurm controller|Socket timed out|Connection refused|Zero Bytes were transmitted"
        r"|Communication connection failure",
        "Slurm's controller does not answer; it is down or overloaded, try again in a few minutes.",
    ),
    _row(
        r"Could not establish a configuration source|DNS SRV lookup failed|cannot stat file|Unable to process config",
        "Slurm's configuration is not found on this machine; set SLURM_CONF, or go to a login node of the cluster.",
    ),
    _row(
        r"Munge|Protocol authentication error|Invalid authentication credential",
        "Slurm does not accept this machine's identity (munge); the administrators have to look at munged here.",
    ),
    _row(
        r"accounting storage is disabled|Problem talking to the database|slurmdbd",
        "Slurm's accounting does not answer, so jobs that ended some time ago cannot be asked about.",
    ),
)

VAGUE = ("There is no such partition", "No node of this partition has what is asked for")
"""How the words begin that say less than any other."""

SILENT = re.compile(
    r"Unable to contact slurm controller|Socket timed out|Connection refused|Zero Bytes|Could not establish|"
    r"DNS SRV lookup|cannot stat file|Munge|authentication|Communication connection failure",
    re.IGNORECASE,
)
"""Slurm could not be asked: this says nothing of what was asked."""


def explain(printed: str) -> str:
    """What Slurm printed on stderr, as sentences; what is in no row is told as Slurm says it."""
    told: list[str] = []
    lines = [_bare(line) for line in printed.splitlines()]
    for line in lines:
        if (words := _words(line)) and words not in told:
            told.append(words)
    if told:
        return " ".join(_without_the_vaguer(told))
    said = " ".join(line for line in lines if line)
    return f"Slurm says: {said}" if said else "Slurm does not say why."


def _words(line: str) -> str | None:
    for row in ROWS:
        if match := row.pattern.search(line):
            return row.words.format(*(group for group in match.groups() if group is not None))
    return None


def _without_the_vaguer(told: list[str]) -> list[str]:
    """Slurm often says exactly in one line what is wrong, and in the next only that something is."""
    return [words for words in told if not words.startswith(VAGUE)] or told


def _bare(line: str) -> str:
    """A line without the program's name and the words that every error begins with."""
    return re.sub(
        r"^(?:\w+: )?(?:error: |fatal: |allocation failure: |Batch job submission failed: )*", "", line.strip()
    )
