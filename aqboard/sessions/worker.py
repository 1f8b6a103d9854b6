"""The probe process: `python -m aqboard.sessions.worker ATTEMPT.json EVENTS.jsonl PROBE...`

torch and the team's code live here and nowhere else. Whatever they print goes to the process's log; what counts is
written as events.
"""

import logging
import os
import sys
import time
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import AqboardError, SessionError
from aqboard.domain.session.events import ProbeOutcome
from aqboard.logs import configure
from aqboard.plugins import PROBES as PROBE_PLUGINS
from aqboard.plugins import plugins
from aqboard.probes import PROBES, Context, Probe, Unavailable
from aqboard.sessions.backend import CANNOT_WRITE
from aqboard.sessions.events import Ended, Progressed, Started, Tail, append
from aqboard.sessions.processes import die_with_parent

logger = logging.getLogger("aqboard.sessions")


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
    me = os.getpid()
    attempt = Attempt.model_validate_json(Path(attempt_file).read_bytes())
    events = Path(events_file).resolve()  # the team's code may want another working directory
    context = Context(attempt)
    probes, faults = installed_probes()
    _recall(context, events, probes)
    for kind in sorted(kinds, key=[*probes, *kinds].index):
        append(events, Started(probe=kind, log=_printed()))
        logger.info("probe %s begins", kind)
        context.say = partial(_say, events, kind)
        outcome = run(probes[kind], context) if kind in probes else _nobody(kind, faults)
        if os.getpid() != me:
            os._exit(0)  # the team's code forked and came back in the child: it must not tell everything twice
        append(events, Ended(outcome=outcome))
        logger.info("probe %s ends: %s after %.3f s", kind, outcome.status, outcome.seconds or 0.0)


def installed_probes() -> tuple[dict[str, Probe], tuple[str, ...]]:
    """Every probe by its kind, aqboard's own first, and a sentence for each package whose probes cannot be used."""
    probes, faults = {probe.kind.kind: probe for probe in PROBES}, []
    for plugin in plugins(PROBE_PLUGINS):
        fault = plugin.fault
        for thing in plugin.things:
            if not isinstance(thing, Probe):
                fault = f"it names a {type(thing).__name__}, not an aqboard.probes.Probe"
            elif probes.setdefault(thing.kind.kind, thing) is not thing:
                fault = f"the probe {thing.kind.kind!r} exists already"
        if fault:
            faults.append(f"The package {plugin.package} brings probes that cannot be used: {plugin.entry}: {fault}.")
    return probes, tuple(faults)


def _nobody(kind: str, faults: tuple[str, ...]) -> ProbeOutcome:
    message = " ".join((f"No installed package brings the probe {kind!r}.", *faults))
    return ProbeOutcome(probe=kind, status="broke", message=message)


def _recall(context: Context, events: Path, probes: Mapping[str, Probe]) -> None:
    """Give the context what an earlier process of this session measured before it died."""
    for event in Tail(events).new():
        if isinstance(event, Ended) and event.outcome.evidence is not None:
            context.remember(probes[event.outcome.probe].kind.model_validate(event.outcome.evidence))


def _say(events: Path, kind: str, message: str) -> None:
    append(events, Progressed(probe=kind, message=message))


def _printed() -> int:
    """Bytes in the log so far, to find a probe's own words again."""
    sys.stdout.flush()
    return os.fstat(sys.stdout.fileno()).st_size


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


if __name__ == "__main__":
    die_with_parent()
    configure()
    try:
        main(*sys.argv[1:])
    except SessionError as error:
        sys.stderr.write(f"{error.message}\n")
        sys.exit(CANNOT_WRITE)
