"""Run the suite on a launch in this process: the same probes, the same judges, no child process per launch."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeVar

from aqboard.checks.judge import judge_all
from aqboard.checks.selection import probes_needed
from aqboard.checks.suite import SUITE
from aqboard.domain.attempt import Attempt
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.finding import Finding
from aqboard.domain.readiness import Readiness, VerdictLine, assess
from aqboard.domain.session.events import ProbeOutcome
from aqboard.probes import PROBES, Context
from aqboard.sessions import worker
from aqboard.sessions.freeze import freeze
from aqboard.sessions.plan_file import read_plan
from tests.tiny_launch import TinyLaunch

E = TypeVar("E", bound=Evidence)

SLOW = ("attribution", "ranks", "environment", "cost")
"""Probes that start processes, look at the machine, or measure dozens of settings: measured once on the healthy launch,
and anew only where a fault is theirs."""


class Watched(Context):
    """Notes which evidence each probe asks for."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt)
        self.asked: set[str] = set()

    def known(self, kind: type[E]) -> E | None:
        self.asked.add(kind.kind)
        return super().known(kind)


class Seen:
    """One launch, measured and judged."""

    def __init__(self, outcomes: Mapping[str, ProbeOutcome], findings: tuple[Finding, ...]) -> None:
        self.outcomes = outcomes
        self.findings = {finding.check: finding for finding in findings}
        self.verdicts = {finding.check: finding.verdict for finding in findings}

    @cached_property
    def readiness(self) -> Readiness:
        """The state that these findings make."""
        return assess(list(self.findings), map(VerdictLine.of, self.findings.values()))

    def told(self, *checks: str) -> str:
        """What was found, for the message of a failing assertion."""
        found = [self.findings[check] for check in checks] if checks else self.findings.values()
        return "\n".join(f"{f.check}: {f.verdict}: {f.summary} {f.detail[-300:]}" for f in found)


class Gallery:
    """The working launch, and what the suite says of a changed one."""

    def __init__(self, launch: TinyLaunch) -> None:
        self.launch = launch
        self.count = 0
        self.asked: dict[str, set[str]] = defaultdict(set)
        """Probe -> the evidence that it asked for, on any launch so far."""

    @cached_property
    def healthy(self) -> Seen:
        """The launch as it is."""
        return self.look({}, anew=SLOW)

    def look(self, sections: Mapping[str, Any], *, anew: tuple[str, ...] = ()) -> Seen:
        """Measure and judge the launch with some sections of its plan changed."""
        self.count += 1
        plan, text = read_plan(self.launch.plan(f"gallery {self.count}", **sections))
        context = Watched(freeze(plan, text, [check.id for check in SUITE]))
        known = {} if anew == SLOW else self.healthy.outcomes
        outcomes: dict[str, ProbeOutcome] = {}
        wanted = probes_needed(SUITE, plan, ())
        for probe in PROBES:
            kind = probe.kind.kind
            if kind in SLOW and kind not in anew and kind in known:
                outcomes[kind] = known[kind]
            elif kind in wanted:
                context.asked.clear()
                outcomes[kind] = worker.run(probe, context)
                self.asked[kind] |= context.asked
        return Seen(outcomes, judge_all(SUITE, plan, outcomes))
