"""What of the suite is run: which checks were left out, which probes the others need, how long each may work."""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence

from aqboard.checks.check import Check
from aqboard.domain.errors import PlanError
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.kinds import EVIDENCE
from aqboard.domain.plan import LaunchPlan


def kinds(suite: Iterable[Check]) -> tuple[type[Evidence], ...]:
    """Every kind of evidence there is: aqboard's own in their order, then those that other checks need."""
    return tuple(dict.fromkeys([*EVIDENCE, *(kind for check in suite for kind in check.needs)]))


def left_out(suite: Sequence[Check], only: Collection[str], skip: Collection[str]) -> tuple[str, ...]:
    """Ids of the checks that `--only` and `--skip` leave out; PlanError for an id that no check has."""
    ids = [check.id for check in suite]
    for option, asked in (("--only", only), ("--skip", skip)):
        for check in asked:
            if check not in ids:
                raise PlanError(f"{option}: there is no check {check!r}{meant(check, ids)}.")
    return tuple(check for check in ids if (only and check not in only) or check in skip)


def probes_needed(suite: Sequence[Check], plan: LaunchPlan, without: Collection[str]) -> tuple[str, ...]:
    """The probes to run, in their order.

    A probe whose checks all do not apply, or were left out, is not run; one that no check needs brings facts for the
    pages, and runs unless checks were left out.
    """
    known = {kind.kind: kind for kind in kinds(suite)}
    asked = [check for check in suite if check.id not in without and not check.applies(plan)]
    wanted = _with_what_they_build_on((kind for check in asked for kind in check.needs), known)
    if not without:
        judged = {kind.kind for check in suite for kind in check.needs}
        wanted |= known.keys() - judged
    return tuple(kind for kind in known if kind in wanted)


def limits(suite: Sequence[Check], plan: LaunchPlan) -> dict[str, float]:
    """Seconds each probe may take: the plan's, or the usual of its evidence."""
    return {kind.kind: plan.limits.get(kind.kind, kind.limit_s) for kind in kinds(suite)}


def refuse_unknown(suite: Sequence[Check], plan: LaunchPlan) -> None:
    """Raise PlanError when the plan gives a severity or a limit to a check or probe that does not exist."""
    ids = [check.id for check in suite]
    probes = [kind.kind for kind in kinds(suite)]
    for section, named, known, what in (
        ("severities", plan.severities, ids, "check"),
        ("limits", plan.limits, probes, "probe"),
    ):
        for name in named:
            if name not in known:
                raise PlanError(f"{section}: there is no {what} {name!r}{meant(name, known)}.")


def meant(name: str, known: Sequence[str]) -> str:
    """What may have been meant, and where to look: the end of a sentence that says what does not exist."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}? There are {', '.join(known)}" if close else f". There are {', '.join(known)}"


def _with_what_they_build_on(asked: Iterable[type[Evidence]], known: Mapping[str, type[Evidence]]) -> set[str]:
    found: set[str] = set()
    waiting = [kind.kind for kind in asked]
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found.add(kind)
            waiting += known[kind].builds_on
    return found
