"""The baseline's loss curves, from the CSV log of its training."""

from aqboard.domain.evidence import CurveEvidence
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Unavailable
from aqboard.readers.logs.training_log import read_training_log


def measure(context: Context) -> CurveEvidence:
    """Read the log that the plan names; without one there is nothing to measure."""
    log = context.plan.baseline.log
    if log is None:
        raise Unavailable("the plan names no baseline.log")
    return CurveEvidence(points=read_training_log(log))


PROBE = Probe(CurveEvidence, "Baseline's curves", measure)
