"""Whatever happens to the probe process, every probe ends with exactly one outcome that says what happened."""

import sys
from pathlib import Path

import pytest

from aqboard.domain.session.events import ProbeOutcome
from aqboard.sessions import probe_loop
from aqboard.sessions.events import Ended, Progressed, Started

# Stands in for the worker: same arguments, same events, and a probe that does what its name says.
WORKER = """
import os, signal, sys, time
from pathlib import Path
from aqboard.domain.session.events import ProbeOutcome
from aqboard.sessions.events import Ended, Progressed, Started, append

attempt, events, *kinds = sys.argv[1:]
for kind in kinds:
    append(Path(events), Started(probe=kind))
    append(Path(events), Progressed(probe=kind, message="at work"))
    print("noise from the team's code", flush=True)
    if kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "exits":
        print("last words"); sys.exit(3)
    if kind == "torn":
        with open(events, "ab") as file:
            file.write(b'{"event": "ended", "outc')
        os._exit(1)
    if kind == "hangs":
        time.sleep(60)
    append(Path(events), Ended(outcome=ProbeOutcome(probe=kind, status="measured", evidence={})))
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    monkeypatch.setattr(probe_loop, "WORKER", (sys.executable, str(script)))

    def go(*kinds: str, **limits: float) -> tuple[list[object], dict[str, ProbeOutcome]]:
        usual = dict.fromkeys(kinds, 30.0)
        events = list(probe_loop.run_probes(tmp_path, kinds, limits=usual | limits))
        ended = [event.outcome for event in events if isinstance(event, Ended)]
        assert [outcome.probe for outcome in ended] == list(kinds), "each once, in order"
        return events, {outcome.probe: outcome for outcome in ended}

    return go


def test_events_arrive_in_order(run) -> None:  # type: ignore[no-untyped-def]
    events, outcomes = run("a", "b")
    assert [type(event) for event in events] == [Started, Progressed, Ended] * 2
    assert all(outcome.status == "measured" for outcome in outcomes.values())


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        ("killed", "killed (signal 9), most often because the machine ran out of memory"),
        ("segfault", "signal 11 (SIGSEGV)"),
        ("exits", "ended with code 3"),
        ("torn", "ended with code 1"),
    ],
)
def test_a_process_that_dies_costs_one_probe(run, fate: str, said: str) -> None:  # type: ignore[no-untyped-def]
    _, outcomes = run("before", fate, "after")
    assert (outcomes["before"].status, outcomes["after"].status) == ("measured", "measured")
    assert outcomes[fate].status == "broke"
    assert said in outcomes[fate].message
    assert "noise from the team's code" in outcomes[fate].detail


def test_a_probe_that_hangs_is_stopped(run) -> None:  # type: ignore[no-untyped-def]
    _, outcomes = run("hangs", "after", hangs=1.5)
    assert "stopped after its time limit of 1.5 s" in outcomes["hangs"].message
    assert "limits.hangs" in outcomes["hangs"].message
    assert outcomes["after"].status == "measured"


def test_closing_the_iterator_ends_the_process(tmp_path: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    started = []
    real = probe_loop._start
    monkeypatch.setattr(probe_loop, "_start", lambda *a: started.append(real(*a)) or started[-1])
    events = probe_loop.run_probes(tmp_path, ("hangs",), limits={"hangs": 30.0})
    next(events)
    events.close()
    assert started[0].returncode is not None
