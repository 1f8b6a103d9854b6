"""Roll findings up into one state. A pure function: the same findings and waivers always give the same answer."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from aqboard.domain.finding import Finding, Severity, Verdict
from aqboard.domain.model import Record


class State(StrEnum):
    """READY: every blocking check passed, or two people have accepted that it did not. NOT READY: one failed.
    INCOMPLETE: no fault seen, but not all is known.
    """

    READY = "READY"
    NOT_READY = "NOT READY"
    INCOMPLETE = "INCOMPLETE"


class Readiness(Record):
    """The state, what stands between here and READY, and how many checks gave which verdict."""

    state: State
    faults: tuple[str, ...] = ()
    """Blocking checks that failed, in reading order."""
    unknown: tuple[str, ...] = ()
    """Blocking checks that were skipped, broke, or did not run."""
    warnings: tuple[str, ...] = ()
    """Checks to look at that do not block."""
    waived: tuple[str, ...] = ()
    """Checks that did not pass, which a waiver in force accepts; none of them is in the lists above."""
    counts: dict[str, int] = Field(default_factory=dict)
    not_run: int = 0

    @property
    def sentence(self) -> str:
        """The state in words, with the figures that made it."""
        passed = self.counts.get(Verdict.PASS, 0)
        total = sum(self.counts.values()) + self.not_run
        parts = [f"{passed} of {total} checks passed"]
        if self.faults:
            parts.append(f"{_blocking(len(self.faults))} failed")
        if self.unknown:
            parts.append(f"{_blocking(len(self.unknown))} without a verdict")
        if self.waived:
            parts.append(f"{len(self.waived)} accepted by a waiver")
        if self.warnings:
            parts.append(f"{len(self.warnings)} to look at")
        return ", ".join(parts) + "."


def _blocking(count: int) -> str:
    return "1 blocking check" if count == 1 else f"{count} blocking checks"


class VerdictLine(NamedTuple):
    """As much of a finding as readiness needs; the history reads thousands of them."""

    check: str
    verdict: str
    severity: str

    @classmethod
    def of(cls, finding: Finding) -> "VerdictLine":
        """The line of one finding."""
        return cls(finding.check, finding.verdict.value, finding.severity.value)


def assess(expected: Sequence[str], lines: Iterable[VerdictLine], waived: Collection[str] = ()) -> Readiness:
    """Judge the launch from its verdicts.

    `expected` lists the ids of all checks of the suite; one without a finding did not run, and blocks.
    `waived` lists the checks whose finding, or want of one, is accepted by a waiver in force.
    No expected checks, none that blocks, or none of these that passed, is INCOMPLETE: nothing was shown.
    """
    by_check = {line.check: line for line in lines}
    missing = tuple(check for check in expected if check not in by_check)
    known = [by_check[check] for check in expected if check in by_check]
    blocking = [line for line in known if line.severity == Severity.BLOCKS]
    faults = tuple(f.check for f in blocking if f.verdict == Verdict.FAIL)
    unknown = tuple(f.check for f in blocking if f.verdict in (Verdict.ERROR, Verdict.SKIP)) + missing
    warnings = tuple(
        f.check
        for f in known
        if f.verdict == Verdict.WARN or (f.severity == Severity.WARNS and f.verdict in (Verdict.FAIL, Verdict.ERROR))
    )
    accepted = {check for check in (*faults, *unknown, *warnings) if check in waived}
    faults, unknown, warnings = (
        tuple(check for check in checks if check not in accepted) for checks in (faults, unknown, warnings)
    )
    shown = any(line.verdict in (Verdict.PASS, Verdict.WARN) for line in blocking)
    if faults:
        state = State.NOT_READY
    elif unknown or not shown:
        state = State.INCOMPLETE
    else:
        state = State.READY
    return Readiness(
        state=state,
        faults=faults,
        unknown=unknown,
        warnings=warnings,
        waived=tuple(check for check in expected if check in accepted),
        counts=dict(Counter(f.verdict for f in known)),
        not_run=len(missing),
    )
