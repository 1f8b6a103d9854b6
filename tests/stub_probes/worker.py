"""Stands in for the probe process: the evidence of the sample attempts, at once, or when it is let.

While a file `hold` lies beside the database, the probe that it names waits and tells how far it is.
"""

import sys
import time
from pathlib import Path

from aqboard.domain.attempt import Attempt
from aqboard.domain.session.events import ProbeOutcome
from aqboard.sessions.events import Ended, Progressed, Started, append
from aqboard.sessions.processes import die_with_parent
from tests.sample_attempts import fixed_evidence, measured


def main(attempt_file: str, events_file: str, *probes: str) -> None:
    plan = Attempt.model_validate_json(Path(attempt_file).read_bytes()).plan
    events = Path(events_file)
    hold = events.parents[2] / "hold"
    known = {item.kind: measured(item) for item in fixed_evidence(plan)}
    for probe in probes:
        append(events, Started(probe=probe))
        print(f"probe {probe} prints \x1b[31mred\x1b[0m <b>and markup</b>", flush=True)
        step = 0
        while hold.exists() and hold.read_text() == probe:
            step += 1
            append(events, Progressed(probe=probe, message=f"step {step} of many **bold** <i>it</i>"))
            time.sleep(0.3)
        nothing = ProbeOutcome(probe=probe, status="unavailable", message="the stub measures none of this")
        append(events, Ended(outcome=known.get(probe, nothing)))


if __name__ == "__main__":
    die_with_parent()
    main(*sys.argv[1:])
