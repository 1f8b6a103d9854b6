import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.finding import Severity, Verdict
from aqboard.domain.readiness import Readiness, State, VerdictLine, assess

CHECKS = ("a", "b", "c", "d")
lines = st.builds(
    VerdictLine, st.sampled_from(CHECKS), st.sampled_from([v.value for v in Verdict]), st.sampled_from(list(Severity))
)


def line(check: str, verdict: Verdict, severity: Severity = Severity.BLOCKS) -> VerdictLine:
    return VerdictLine(check, verdict.value, severity.value)


def test_ready_needs_every_blocking_check_to_pass() -> None:
    readiness = assess(("a", "b"), [line("a", Verdict.PASS), line("b", Verdict.PASS)])
    assert readiness.state is State.READY
    assert readiness.sentence == "2 of 2 checks passed."


def test_nothing_checked_is_not_ready() -> None:
    assert assess((), []).state is State.INCOMPLETE
    assert assess(("a",), [line("a", Verdict.PASS, Severity.INFORMS)]).state is State.INCOMPLETE


def test_a_check_without_a_finding_did_not_run() -> None:
    readiness = assess(("a", "b"), [line("a", Verdict.PASS)])
    assert (readiness.state, readiness.unknown, readiness.not_run) == (State.INCOMPLETE, ("b",), 1)


def test_a_fault_outweighs_what_is_unknown() -> None:
    readiness = assess(("a", "b"), [line("a", Verdict.ERROR), line("b", Verdict.FAIL)])
    assert (readiness.state, readiness.faults, readiness.unknown) == (State.NOT_READY, ("b",), ("a",))


def test_warnings_do_not_block_but_are_named() -> None:
    readiness = assess(("a", "b"), [line("a", Verdict.PASS), line("b", Verdict.FAIL, Severity.WARNS)])
    assert (readiness.state, readiness.warnings) == (State.READY, ("b",))


@pytest.mark.parametrize(
    ("verdict", "severity", "named"),
    [
        (Verdict.WARN, Severity.BLOCKS, True),
        (Verdict.WARN, Severity.WARNS, True),
        (Verdict.WARN, Severity.INFORMS, True),
        (Verdict.FAIL, Severity.WARNS, True),
        (Verdict.ERROR, Severity.WARNS, True),
        (Verdict.SKIP, Severity.WARNS, False),
        (Verdict.PASS, Severity.WARNS, False),
        (Verdict.FAIL, Severity.INFORMS, False),
        (Verdict.FAIL, Severity.BLOCKS, False),
    ],
)
def test_a_warning_is_to_look_at_whatever_its_severity(verdict: Verdict, severity: Severity, named: bool) -> None:
    found = assess(("a", "b"), [line("a", verdict, severity), line("b", Verdict.PASS)])
    assert (found.warnings == ("a",)) == named
    assert (", 1 to look at." in found.sentence) == named


def test_the_sentence_counts_every_check_once_under_what_became_of_it() -> None:
    assert Readiness(state=State.INCOMPLETE).sentence == "0 of 0 checks passed."
    lines = [line("a", Verdict.FAIL), line("b", Verdict.FAIL), line("c", Verdict.SKIP), line("d", Verdict.PASS)]
    assert assess(("a", "b", "c", "d", "e"), lines).sentence == (
        "1 of 5 checks passed, 2 blocking checks failed, 2 blocking checks without a verdict."
    )
    assert assess(("a", "d"), [lines[0], lines[3]]).sentence == "1 of 2 checks passed, 1 blocking check failed."


@given(st.lists(lines, max_size=8))
def test_ready_is_only_ever_earned(found: list[VerdictLine]) -> None:
    """Whatever the verdicts: READY means that each expected check reported, and each blocking one passed."""
    readiness = assess(CHECKS, found)
    last = {item.check: item for item in found}
    blocking = [item for item in last.values() if item.severity == Severity.BLOCKS]
    earned = (
        set(last) == set(CHECKS)
        and bool(blocking)
        and all(item.verdict in (Verdict.PASS, Verdict.WARN) for item in blocking)
    )
    assert (readiness.state is State.READY) == earned
    assert sum(readiness.counts.values()) + readiness.not_run == len(CHECKS)
