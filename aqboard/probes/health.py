"""The values of the checkpoint's tensors, read from the file."""

from aqboard.domain.evidence_checkpoint import HealthEvidence
from aqboard.probes.context import Context, Probe
from aqboard.readers.checkpoints.health import tensor_health


def measure(context: Context) -> HealthEvidence:
    """Read every tensor once; no model is built."""
    file = context.checkpoint
    context.say(f"reading the values of {len(file.tensors)} tensors")
    return HealthEvidence(report=tensor_health(file))


PROBE = Probe(HealthEvidence, "Checkpoint's values", measure)
