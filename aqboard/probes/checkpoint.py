"""What the checkpoint file says of itself."""

from aqboard.artefacts.integrity import check_integrity
from aqboard.domain.evidence import CheckpointEvidence
from aqboard.probes.context import Context, Probe

PROVENANCE = "aqboard_provenance"


def measure(context: Context) -> CheckpointEvidence:
    """Read keys, metadata and CRCs; no tensor is loaded into a model."""
    file = context.checkpoint
    context.say("checking every record's checksum")
    integrity = check_integrity(file)
    stamp = file.extra.get(PROVENANCE)
    return CheckpointEvidence(
        summary=file.summary(), integrity=integrity, provenance=stamp if isinstance(stamp, dict) else None
    )


PROBE = Probe(CheckpointEvidence, "Checkpoint file", measure)
