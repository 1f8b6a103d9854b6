"""Is the checkpoint a whole, undamaged file?

A Git LFS pointer or a half-copied file bears the right name. `torch.load` ignores the checksums inside a file: a
flipped bit loads. So the file is read whole, and every record is held against its checksum.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.checkpoint import FileEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed, warned
from aqboard.domain.plan import LaunchPlan

COPY_AGAIN = "Copy the file again from where it was written; compare sizes and digests on both sides."
DAMAGED = ("truncated", "trailing", "malformed", "bad-zip", "crc", "changed", "empty")
"""The reader's codes for a file that was the right one and no longer is."""
UNSAFE = ("unsafe-global", "unknown-global", "unsafe-opcode", "bad-global", "bad-call", "numpy-object", "torchscript")
"""The reader's codes for a file that would run code when it is loaded."""
POINTER_BYTES = 1024
"""Git LFS keeps its pointers below this size (git-lfs, docs/spec.md)."""


def judge(plan: LaunchPlan, file: FileEvidence) -> Judgement:
    """PASS when there are tensors and every checksum holds, WARN when the file carries none."""
    size = Measurement(name="size", value=file.size, unit="bytes")
    if file.refused or file.integrity is None:
        return failed(f"The file cannot be read: {file.message}", size, remedy=_remedy(file))
    integrity = file.integrity
    figures = (
        Measurement(name="tensors", value=file.tensors),
        Measurement(name="parameters", value=file.parameters),
        size,
        Measurement(name="records checked", value=integrity.records),
    )
    if not file.tensors:
        return broke("The file holds no tensors; nothing was compared.", remedy="Is checkpoint.path the right file?")
    what = f"{file.tensors} tensors, {file.parameters:,} parameters"
    if integrity.verdict == "damaged":
        return failed(
            f"{len(integrity.damaged)} of {integrity.records} records do not match their checksum: "
            f"{some(integrity.damaged)}.",
            *figures,
            remedy=COPY_AGAIN,
        )
    if integrity.verdict == "ok":
        return passed(f"{what}, all {integrity.records} checksums hold.", *figures)
    return warned(
        f"{what}; the file carries no checksums, so damage inside it would not show.",
        *figures,
        remedy="Compare its SHA-256 with the one of the original file.",
    )


def _remedy(file: FileEvidence) -> str:
    """What to do about a refused file; the reader's code says what kind of wrong it is."""
    if file.size < POINTER_BYTES and "Git LFS pointer" in file.message:
        return "Run `git lfs pull` where the file lies, and check the plan again."
    if file.refused in DAMAGED:
        return COPY_AGAIN
    if file.refused in UNSAFE:
        return (
            "Do not load it elsewhere either before you know who wrote it. Save the weights alone: "
            "`torch.save(model.state_dict(), ...)`."
        )
    return "Is checkpoint.path the right file?"


CHECK = Check("checkpoint.intact", "Checkpoint file intact", Stage.CHECKPOINT, Severity.BLOCKS, (FileEvidence,), judge)
