"""Whether the checkpoint can be read, and whether its records match their checksums.

A file that is refused is evidence too: what is wrong with it is the answer to the first question of the suite.
"""

from aqboard.domain.evidence_checkpoint import FileEvidence
from aqboard.probes.context import Context, Probe
from aqboard.readers.checkpoints.integrity import check_integrity
from aqboard.readers.errors import ReadError


def measure(context: Context) -> FileEvidence:
    """Open the file and read every record once."""
    size = context.plan.checkpoint.path.stat().st_size
    try:
        file = context.checkpoint
        context.say("checking every record's checksum")
        integrity = check_integrity(file)
    except ReadError as error:
        return FileEvidence(size=size, refused=error.code, message=error.message)
    return FileEvidence(
        size=size,
        tensors=len(file.tensors),
        parameters=sum(spec.numel for spec in file.tensors.values()),
        integrity=integrity,
    )


PROBE = Probe(FileEvidence, "Checkpoint file", measure)
