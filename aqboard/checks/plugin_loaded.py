"""Can the checks of every installed package be loaded?

A package may bring checks through the entry point group `aqboard.checks`. One that cannot be loaded would have asked
something that nobody asks now: that is told, and blocks.
"""

from collections.abc import Sequence

from aqboard.checks.check import Check
from aqboard.domain.finding import Judgement, Severity, Stage, broke
from aqboard.domain.plan import LaunchPlan


def check(package: str, faults: Sequence[str]) -> Check:
    """The check that stands for those of a package (name and version) that cannot be used."""
    name = package.partition(" ")[0]

    def judge(plan: LaunchPlan) -> Judgement:
        """Never a PASS: it stands for checks that could not be loaded."""
        return broke(
            f"The package {package} brings checks that cannot be used: {'; '.join(faults)}.",
            remedy=f"Mend or uninstall {name}; if this launch can do without its checks, lower plugin.{name} in the "
            "plan's severities.",
        )

    return Check(f"plugin.{name}", f"Plugin {name}", Stage.PLUGIN, Severity.BLOCKS, (), judge)
