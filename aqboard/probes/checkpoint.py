"""What the checkpoint file says of itself."""

from aqboard.domain.evidence import CheckpointEvidence
from aqboard.probes.context import Context, Probe

PROVENANCE = "aqboard_provenance"


def measure(context: Context) -> CheckpointEvidence:
    """Read keys, metadata and CRCs; no tensor is loaded into a model."""
    file = context.checkpoint
    context.say("checking every record's checksum")
    stamp = file.extra.get(PROVENANCE)
    return CheckpointEvidence(summary=file.summary(), provenance=stamp if isinstance(stamp, dict) else None)


PROBE = Probe(CheckpointEvidence, "Checkpoint file", measure)
