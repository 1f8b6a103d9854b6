"""The probe process: `python -m aqboard.runner.worker ATTEMPT.json EVENTS.jsonl PROBE...`

torch and the team's code live here and nowhere else. Whatever they print goes to the process's log; what counts is
written as events.
"""

import sys
import time
import traceback
from functools import partial
from pathlib import Path

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import AqboardError
from aqboard.domain.evidence import EVIDENCE
from aqboard.domain.outcome import ProbeOutcome
from aqboard.probes import PROBES, Context, Probe, Unavailable
from aqboard.runner.events import Ended, Progressed, Started, Tail, append


def run(probe: Probe, context: Context) -> ProbeOutcome:
    """Run one probe. The one place that catches everything: a broken probe is an outcome, not a crash."""
    kind, began = probe.kind.kind, time.monotonic()
    try:
        evidence = probe.measure(context)
    except Unavailable as reason:
        return ProbeOutcome(probe=kind, status="unavailable", message=str(reason), seconds=_since(began))
    except AqboardError as error:
        return ProbeOutcome(probe=kind, status="broke", message=error.message, seconds=_since(began))
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        return ProbeOutcome(
            probe=kind, status="broke", message=message, detail=traceback.format_exc(), seconds=_since(began)
        )
    context.remember(evidence)
    return ProbeOutcome(probe=kind, status="measured", evidence=evidence.model_dump(mode="json"), seconds=_since(began))


def main(attempt_file: str, events_file: str, *kinds: str) -> None:
    """Run the named probes in the order of the suite."""
    attempt = Attempt.model_validate_json(Path(attempt_file).read_bytes())
    events = Path(events_file)
    context = Context(attempt)
    _recall(context, events)
    for probe in PROBES:
        kind = probe.kind.kind
        if kind in kinds:
            append(events, Started(probe=kind))
            context.say = partial(_say, events, kind)
            append(events, Ended(outcome=run(probe, context)))


def _recall(context: Context, events: Path) -> None:
    """Give the context what an earlier process of this session measured before it died."""
    kinds = {kind.kind: kind for kind in EVIDENCE}
    for event in Tail(events).new():
        if isinstance(event, Ended) and event.outcome.evidence is not None:
            context.remember(kinds[event.outcome.probe].model_validate(event.outcome.evidence))


def _say(events: Path, kind: str, message: str) -> None:
    append(events, Progressed(probe=kind, message=message))


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


if __name__ == "__main__":
    main(*sys.argv[1:])
