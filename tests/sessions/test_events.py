from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.session.events import ProbeOutcome
from aqboard.sessions.events import Ended, Progressed, Started, Tail, append


def ended(probe: str) -> Ended:
    return Ended(outcome=ProbeOutcome(probe=probe, status="measured", evidence={"n": 1}))


def test_events_come_back_once_and_in_order(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    tail = Tail(file)
    assert list(tail.new()) == []
    events = [Started(probe="load"), Progressed(probe="load", message="1 of 2\nlines"), ended("load")]
    for event in events[:2]:
        append(file, event)
    assert list(tail.new()) == events[:2]
    append(file, events[2])
    assert list(tail.new()) == events[2:]
    assert list(tail.new()) == []


def test_a_torn_line_waits_and_cannot_swallow_the_next(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    tail = Tail(file)
    file.write_bytes(b'{"event": "star')
    assert list(tail.new()) == []
    append(file, ended("scan"))
    assert [event.event for event in tail.new()] == ["ended"]


@given(st.binary(max_size=200))
def test_garbage_between_events_is_passed_over(garbage: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.jsonl"
        append(file, ended("a"))
        with file.open("ab") as out:
            out.write(garbage)
        append(file, ended("b"))
        seen = [event.outcome.probe for event in Tail(file).new() if isinstance(event, Ended)]
        assert seen == ["a", "b"]
