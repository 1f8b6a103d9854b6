"""Which findings of a session count whatever was known before, and which only where nothing was."""

import pytest

from aqboard.domain.finding import Verdict
from aqboard.domain.session.check_session import CheckSession, SessionState, SessionStatus
from aqboard.domain.session.events import ProbeOutcome
from aqboard.sessions import judging
from aqboard.sessions.judging import Judged, judge
from tests import stub_sessions

CANCELLED = SessionStatus(state=SessionState.CANCELLED, why="Cancelled by Grace.")
ENDED_BADLY = (
    SessionStatus(state=SessionState.FAILED, why="It ran out of time."),
    SessionStatus(state=SessionState.LOST, why="Its node is gone."),
)


@pytest.fixture(autouse=True)
def _stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "installed_suite", lambda: stub_sessions.SUITE)


def judged(standing: SessionStatus, *done: str, left_out: tuple[str, ...] = (), status: str = "measured") -> Judged:
    """A session of the stubs `a`, `b` and `z` that brought these outcomes."""
    session = CheckSession(
        attempt="0" * 32,
        backend="local",
        requested_by="Ada",
        checks=("stub.a", "stub.b", "stub.z"),
        left_out=left_out,
        probes=tuple(probe for probe in ("a", "b", "z") if f"stub.{probe}" not in left_out),
        limits={},
    )
    brought = {probe: ProbeOutcome.model_validate({"probe": probe, "status": status, "evidence": {}}) for probe in done}
    return judge(stub_sessions.attempt(), session, standing, brought)


def told(found: Judged) -> tuple[dict[str, Verdict], dict[str, Verdict]]:
    return ({f.check: f.verdict for f in found.found}, {f.check: f.verdict for f in found.not_asked})


def test_what_a_cancelled_session_did_not_get_to_waits_for_an_empty_place() -> None:
    found = judged(CANCELLED, "a")
    assert told(found) == ({"stub.a": Verdict.PASS}, {"stub.b": Verdict.SKIP, "stub.z": Verdict.SKIP})
    assert {finding.summary for finding in found.not_asked} == {"Not judged: Cancelled by Grace."}


@pytest.mark.parametrize("standing", ENDED_BADLY, ids=lambda standing: standing.state.value)
def test_a_session_that_failed_or_was_lost_is_an_error_for_what_it_did_not_get_to(standing: SessionStatus) -> None:
    found = judged(standing, "a")
    assert told(found) == ({"stub.a": Verdict.PASS, "stub.b": Verdict.ERROR, "stub.z": Verdict.ERROR}, {})
    assert standing.why in found.found[-1].summary


def test_what_broke_before_it_was_cancelled_counts() -> None:
    assert told(judged(CANCELLED, "a", status="broke"))[0] == {"stub.a": Verdict.ERROR}


def test_a_check_that_was_left_out_takes_no_answer_away() -> None:
    done = SessionStatus(state=SessionState.DONE, by_itself=True)
    found = judged(done, "a", "b", left_out=("stub.z",))
    assert told(found) == ({"stub.a": Verdict.PASS, "stub.b": Verdict.PASS}, {"stub.z": Verdict.SKIP})
    assert "Left out on the command line" in found.not_asked[0].summary
