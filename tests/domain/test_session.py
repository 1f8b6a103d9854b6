"""The state of a session and the progress of its probes, from events and a backend's word alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.session.check_session import (
    BackendStatus,
    CancelRequest,
    CheckSession,
    Heard,
    SessionState,
    fold,
    progress,
)
from aqboard.domain.session.events import (
    Ended,
    Event,
    ProbeOutcome,
    Progressed,
    SessionEnded,
    SessionStarted,
    Started,
    parsed,
)

BEGAN = SessionStarted(host="nid001", pid=7)
AT = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
BY = CancelRequest(by="Ada")
SESSION = CheckSession(
    attempt="0" * 32,
    backend="local",
    requested_by="Ada",
    checks=("x",),
    probes=("load", "loss", "ranks"),
    limits={"load": 60.0, "loss": 600.0, "ranks": 60.0},
)


def last(state: str, why: str = "") -> SessionEnded:
    return SessionEnded.model_validate({"state": state, "why": why})


def saw(word: str, why: str = "") -> BackendStatus:
    return BackendStatus.model_validate({"word": word, "why": why})


@pytest.mark.parametrize(
    ("events", "sighting", "cancel", "state", "said"),
    [
        ([], None, None, "queued", ""),
        ([], saw("queued", "waiting for resources (Priority)"), None, "queued", "waiting for resources (Priority)"),
        ([], saw("running"), None, "running", ""),
        ([BEGAN], saw("queued"), None, "running", ""),
        ([BEGAN], saw("unknown", "slurmctld does not answer"), None, "running", "slurmctld does not answer"),
        ([BEGAN], saw("running"), BY, "running", "Cancelled by Ada; it has not stopped yet."),
        ([BEGAN, last("done")], saw("running"), None, "done", ""),
        ([BEGAN, last("done")], saw("lost", "is gone"), BY, "done", ""),
        ([BEGAN, last("cancelled", "Cancelled by Ada.")], saw("ended"), None, "cancelled", "Cancelled by Ada."),
        ([BEGAN, last("failed", "The disk is full.")], None, None, "failed", "The disk is full."),
        ([BEGAN], saw("ended", "was killed by signal 9"), None, "failed", "was killed by signal 9, before its end"),
        ([BEGAN], saw("lost", "was on a node that failed"), None, "lost", "was on a node that failed, before its end"),
        ([], saw("ended", "did not start"), None, "failed", "did not start, before it began"),
        ([], saw("cancelled"), None, "cancelled", "Cancelled before it began."),
        ([], saw("lost", "is gone"), BY, "cancelled", "Cancelled by Ada before it began."),
        ([BEGAN, last("stopped", "By signal 15.")], None, None, "failed", "By signal 15."),
        ([BEGAN, last("stopped", "By signal 15.")], saw("running"), None, "running", "By signal 15."),
        (
            [BEGAN, last("stopped", "By signal 15.")],
            saw("ended", "ran into its time limit"),
            None,
            "failed",
            "time limit",
        ),
        ([BEGAN, last("stopped", "By signal 15.")], saw("cancelled"), None, "cancelled", "By signal 15."),
        ([BEGAN, last("stopped", "By signal 15."), BEGAN], saw("running"), None, "running", ""),
        ([BEGAN, last("stopped"), BEGAN, last("done")], saw("ended"), None, "done", ""),
    ],
)
def test_a_state_follows_from_what_is_known(
    events: list[Event], sighting: BackendStatus | None, cancel: CancelRequest | None, state: str, said: str
) -> None:
    standing = fold(events, sighting, cancel)
    assert standing.state == state
    assert said in standing.why


STEPS = st.lists(
    st.sampled_from([BEGAN, Started(probe="load"), last("done"), last("stopped"), last("failed", "x")]), max_size=6
)
SIGHTINGS = st.none() | st.builds(
    saw, st.sampled_from(["queued", "running", "ended", "cancelled", "lost", "unknown"]), st.sampled_from(["", "why"])
)


@given(STEPS, SIGHTINGS, st.none() | st.just(BY))
def test_nothing_but_its_own_word_makes_a_session_done(
    events: list[Event], sighting: BackendStatus | None, cancel: CancelRequest | None
) -> None:
    standing = fold(events, sighting, cancel)
    if standing.state is SessionState.DONE:
        assert any(isinstance(event, SessionEnded) and event.state == "done" for event in events)
    if standing.state in (SessionState.FAILED, SessionState.LOST) and not standing.by_itself:
        assert standing.why
    if sighting is not None and sighting.over:
        assert standing.state.over, "what will never say more is over"


def heard(*events: Event, clock: timedelta = timedelta()) -> list[Heard]:
    """Events ten seconds apart, told by a node whose clock is off by `clock`, and heard at once."""
    moments = [AT + timedelta(seconds=10 * i) for i in range(len(events))]
    return [Heard(e.model_copy(update={"at": at + clock}), at) for e, at in zip(events, moments, strict=True)]


def ended(probe: str, status: str = "measured") -> Ended:
    return Ended(
        outcome=ProbeOutcome.model_validate({"probe": probe, "status": status, "evidence": {}, "seconds": 4.0})
    )


@given(st.timedeltas(timedelta(days=-3650), timedelta(days=3650)))
def test_progress_does_not_depend_on_the_clock_of_the_node(clock: timedelta) -> None:
    told = heard(
        BEGAN,
        Started(probe="load"),
        ended("load"),
        Started(probe="loss"),
        Progressed(probe="loss", message="3 of 8"),
        clock=clock,
    )
    load, loss, ranks = progress(SESSION, told, SessionState.RUNNING, AT + timedelta(seconds=45), {"loss": 90.0})
    assert (load.status, load.elapsed_s, load.expected_s) == ("measured", 4.0, 60.0)
    assert (loss.status, loss.message, loss.elapsed_s, loss.expected_s, loss.limit_s) == (
        "running",
        "3 of 8",
        15.0,
        90.0,
        600.0,
    )
    assert (ranks.status, ranks.expected_s) == ("waiting", 60.0)


def test_what_a_session_left_is_missed_and_what_it_began_again_begins_anew() -> None:
    told = heard(BEGAN, Started(probe="load"), ended("load", "broke"), Started(probe="loss"))
    over = progress(SESSION, told, SessionState.LOST, AT, {})
    assert [probe.status for probe in over] == ["broke", "missed", "missed"]
    again = progress(SESSION, [*told, *heard(BEGAN)], SessionState.RUNNING, AT, {})
    assert [probe.status for probe in again] == ["broke", "waiting", "waiting"]


def test_a_line_is_an_event_or_nothing() -> None:
    for event in (BEGAN, Started(probe="a"), Progressed(probe="a", message="x"), ended("a"), last("done")):
        assert parsed(event.model_dump_json()) == event
    for line in (b"", b"{}", b"[" * 100_000, b'{"event":"started"}', b"\xff", b'{"event":"later","probe":"a"}'):
        assert parsed(line) is None
