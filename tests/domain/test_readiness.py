from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.finding import Severity, Verdict
from aqboard.domain.readiness import State, VerdictLine, assess

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
