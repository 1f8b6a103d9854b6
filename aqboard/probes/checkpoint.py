"""What the checkpoint file says of itself."""

from aqboard.domain.evidence import CheckpointEvidence
from aqboard.domain.evidence_checkpoint import FileEvidence
from aqboard.probes.context import Context, Probe
from aqboard.readers.checkpoints.integrity import check_integrity

PROVENANCE, LAUNCH = "aqboard_provenance", "aqboard_launch"


def measure(context: Context) -> CheckpointEvidence:
    """Read keys and metadata; no tensor is loaded into a model."""
    file = context.checkpoint
    known = context.known(FileEvidence)
    integrity = known.integrity if known and known.integrity else check_integrity(file)
    provenance, launch = (file.extra.get(key) for key in (PROVENANCE, LAUNCH))
    return CheckpointEvidence(
        summary=file.summary(),
        integrity=integrity,
        provenance=provenance if isinstance(provenance, dict) else None,
        launch=launch if isinstance(launch, dict) else None,
    )


PROBE = Probe(CheckpointEvidence, "Checkpoint's contents", measure)
