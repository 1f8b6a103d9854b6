"""Which checks and probes run, for how long, and that leaving something out never makes a launch READY."""

from typing import Any

import pytest

from aqboard.checks.check import Check
from aqboard.checks.judge import judge_all
from aqboard.checks.selection import left_out, limits, probes_needed, refuse_unknown
from aqboard.checks.suite import SUITE
from aqboard.domain.errors import PlanError
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.kinds import EVIDENCE
from aqboard.domain.finding import Judgement, Severity, Stage, Verdict, failed, passed
from aqboard.domain.readiness import State, VerdictLine, assess
from aqboard.domain.session.events import ProbeOutcome
from tests import samples

FOREIGN = {"target": {"builder": "mine:build"}}


def plan(**sections: Any) -> Any:
    return samples.plan(**sections)


def without_scan(**sections: Any) -> Any:
    document = samples.plan_document(**FOREIGN, **sections)
    del document["scan"]
    return type(samples.plan()).model_validate(document)


class Facts(Evidence):
    """What the checks of these tests judge."""

    kind = "facts"
    right: bool = True


def check(check_id: str, severity: Severity = Severity.BLOCKS, **fields: Any) -> Check:
    def judge(_: object, facts: Facts) -> Judgement:
        """PASS when right."""
        return passed("right") if facts.right else failed("wrong", remedy="mend it")

    return Check(check_id, check_id, Stage.LOSS, severity, (Facts,), judge, **fields)


def state(suite: tuple[Check, ...], launch: Any, facts: Facts, without: tuple[str, ...] = ()) -> State:
    outcome = ProbeOutcome(probe="facts", status="measured", evidence=facts.model_dump(mode="json"))
    findings = judge_all(suite, launch, {"facts": outcome}, without)
    assert [finding.check for finding in findings] == [c.id for c in suite]
    return assess([c.id for c in suite], map(VerdictLine.of, findings)).state


SMALL = (check("a"), check("b", Severity.WARNS))


def test_checks_left_out_are_skipped_and_block_as_ever() -> None:
    assert state(SMALL, plan(), Facts()) is State.READY
    assert state(SMALL, plan(), Facts(), ("a",)) is State.INCOMPLETE
    assert state(SMALL, plan(), Facts(), ("b",)) is State.READY, "it blocks nothing"
    (finding, _) = judge_all(SMALL, plan(), {}, ("a", "b"))
    assert (finding.verdict, finding.severity) == (Verdict.SKIP, Severity.BLOCKS)
    assert "Left out on the command line" in finding.summary


def test_a_check_that_does_not_apply_blocks_nothing_and_shows_nothing() -> None:
    beside = check("a", applies=lambda _: "there is nothing to ask")
    assert state((beside, check("c")), plan(), Facts()) is State.READY
    assert state((beside, check("c")), plan(), Facts(right=False)) is State.NOT_READY
    assert state((beside,), plan(), Facts()) is State.INCOMPLETE, "a suite that asks nothing shows nothing"
    (finding,) = judge_all((beside,), plan(severities={"a": "blocks"}), {})
    assert (finding.verdict, finding.severity) == (Verdict.SKIP, Severity.INFORMS)
    assert finding.summary == "Does not apply: there is nothing to ask."


def test_the_plan_raises_and_lowers_and_it_shows() -> None:
    wrong = Facts(right=False)
    assert state(SMALL, plan(severities={"a": "warns"}), wrong) is State.INCOMPLETE, "nothing is left that blocks"
    assert state(SMALL, plan(severities={"b": "blocks"}), Facts()) is State.READY
    assert state((check("a", Severity.INFORMS), check("c")), plan(severities={"a": "blocks"}), wrong) is State.NOT_READY
    raised, usual = judge_all((*SMALL,), plan(severities={"a": "informs"}), {})
    assert (raised.severity, raised.usual_severity) == (Severity.INFORMS, Severity.BLOCKS)
    assert (usual.severity, usual.usual_severity) == (Severity.WARNS, None)


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"severities": {"loss.frist": "warns"}},
            "severities: there is no check 'loss.frist'; did you mean 'loss.first'?",
        ),
        ({"limits": {"los": 5}}, "limits: there is no probe 'los'; did you mean 'loss'?"),
        ({"limits": {"xyzzy": 5}}, "There are file, checkpoint"),
    ],
)
def test_unknown_names_in_the_plan_are_told_with_what_may_be_meant(sections: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as told:
        refuse_unknown(SUITE, plan(**sections))
    assert said in told.value.message


def test_only_and_skip_leave_out_what_they_say() -> None:
    ids = [c.id for c in SUITE]
    assert left_out(SUITE, (), ()) == ()
    assert left_out(SUITE, (), ("scan.rule",)) == ("scan.rule",)
    assert left_out(SUITE, ("loss.first", "scan.rule"), ("scan.rule",)) == tuple(i for i in ids if i != "loss.first")
    with pytest.raises(PlanError, match=r"--only: there is no check 'los.first'; did you mean 'loss.first'"):
        left_out(SUITE, ("los.first",), ())


def test_only_the_probes_that_are_needed_run_with_what_they_build_on() -> None:
    everything = tuple(kind.kind for kind in EVIDENCE)
    assert probes_needed(SUITE, plan(), ()) == everything
    only = left_out(SUITE, ("loss.first",), ())
    needed = probes_needed(SUITE, plan(), only)
    assert {"checkpoint", "cache", "load", "loss"} <= set(needed)
    assert not {"scan", "forward"} & set(needed)
    assert list(needed) == [kind for kind in everything if kind in needed], "in their order"
    assert probes_needed(SUITE, plan(), left_out(SUITE, ("checkpoint.intact",), ())) == ("file",)


def test_a_launch_without_a_scan_is_not_scanned() -> None:
    assert "scan" not in probes_needed(SUITE, without_scan(), ())
    assert "curve" in probes_needed(SUITE, without_scan(), ()), "facts for the pages, asked for by no check"


def test_what_probes_build_on_is_there_and_comes_before_them() -> None:
    order = [kind.kind for kind in EVIDENCE]
    for kind in EVIDENCE:
        for earlier in kind.builds_on:
            assert order.index(earlier) < order.index(kind.kind), (kind.kind, earlier)


def test_limits_are_the_plans_or_the_usual() -> None:
    seconds = limits(SUITE, plan(limits={"scan": 5}))
    assert seconds["scan"] == 5
    assert seconds["loss"] == next(kind.limit_s for kind in EVIDENCE if kind.kind == "loss")
    assert all(value >= 60 for kind, value in seconds.items() if kind != "scan")
