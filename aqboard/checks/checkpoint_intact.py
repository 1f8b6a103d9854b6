"""Is the checkpoint a whole, undamaged file?

`torch.load` ignores the checksums inside the file: a flipped bit loads. A file that cannot be read at all never gets
here; then the probe says why.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence import CheckpointEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed, warned
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, checkpoint: CheckpointEvidence) -> Judgement:
    """PASS when there are tensors and every checksum holds, WARN when the file carries none."""
    summary, integrity = checkpoint.summary, checkpoint.integrity
    figures = (
        Measurement(name="tensors", value=len(summary.tensors)),
        Measurement(name="parameters", value=summary.parameters),
        Measurement(name="size", value=summary.size, unit="bytes"),
        Measurement(name="records checked", value=integrity.records),
    )
    if not summary.tensors:
        return broke("The file holds no tensors; nothing was compared.", remedy="Is checkpoint.path the right file?")
    what = f"{len(summary.tensors)} tensors, {summary.parameters:,} parameters"
    if integrity.verdict == "damaged":
        return failed(
            f"{len(integrity.damaged)} of {integrity.records} records do not match their checksum: "
            f"{some(integrity.damaged)}.",
            *figures,
            remedy="Copy the file again from where it was written; compare sizes and digests on both sides.",
        )
    if integrity.verdict == "ok":
        return passed(f"{what}, all {integrity.records} checksums hold.", *figures)
    return warned(
        f"{what}; the file carries no checksums, so damage inside it would not show.",
        *figures,
        remedy="Compare its SHA-256 with the one of the original file.",
    )


CHECK = Check(
    "checkpoint.intact", "Checkpoint file intact", Stage.CHECKPOINT, Severity.BLOCKS, (CheckpointEvidence,), judge
)
