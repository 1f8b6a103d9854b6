"""What the checkpoint file says of itself."""

from aqboard.artefacts.integrity import check_integrity
from aqboard.domain.evidence import CheckpointEvidence
from aqboard.domain.evidence_checkpoint import FileEvidence
from aqboard.probes.context import Context, Probe

PROVENANCE = "aqboard_provenance"


def measure(context: Context) -> CheckpointEvidence:
    """Read keys and metadata; no tensor is loaded into a model."""
    file = context.checkpoint
    known = context.known(FileEvidence)
    integrity = known.integrity if known and known.integrity else check_integrity(file)
    stamp = file.extra.get(PROVENANCE)
    return CheckpointEvidence(
        summary=file.summary(), integrity=integrity, provenance=stamp if isinstance(stamp, dict) else None
    )


PROBE = Probe(CheckpointEvidence, "Checkpoint's contents", measure)
