"""What a rule is: a judge of scripts, why it matters, and the source of that.

Each `Rule` is defined next to its judge, and listed in `aqboard.lint.rules.suite.RULES`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from aqboard.domain.cluster import ClusterProfile, Source
from aqboard.domain.plan import ClusterPlan
from aqboard.lint.parse.model import Script


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """The job fails, hangs, or does something else than it says."""
    WARNING = "warning"
    """It may run, but a default decides, or it is slower than it should be."""


@dataclass(frozen=True)
class RuleContext:
    """What a rule may judge a script by, apart from the script; None where it is not known."""

    profile: ClusterProfile | None = None
    plan: ClusterPlan | None = None


@dataclass(frozen=True)
class Hit:
    """One place where a rule is broken, and what to write there instead."""

    line: int
    message: str
    fix: str
    column: int = 1
    level: Level | None = None
    """Where it differs from the rule's own."""


Judge = Callable[[Script, RuleContext], Iterator[Hit]]


@dataclass(frozen=True)
class Rule:
    """One of the rules; `slug` and `number` both name it."""

    number: int
    slug: str
    title: str
    level: Level
    why: str
    source: Source
    judge: Judge
    whole: bool = False
    """It is about the script as a whole, so its waiver may be anywhere in the script."""


READ = date(2026, 11, 25)
"""The day on which the rules' sources were read."""


def source(title: str, url: str, edition: str | None = None, read: date = READ) -> Source:
    """A rule's source; `read` is the day on which it was read."""
    return Source.model_validate({"title": title, "url": url, "edition": edition, "read": read})


SBATCH = source("Slurm manual, sbatch", "https://slurm.schedmd.com/sbatch.html", "Slurm 22.05")
BASH = source("Bash reference manual", "https://www.gnu.org/software/bash/manual/bash.html", "Bash 5.2")
