"""Are the loaded tensors, bit by bit, those of the file?

That a key was matched does not prove that its values arrived: a loader may initialise, cast or tie weights afterwards.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.checkpoint import LoadEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, skipped
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, load: LoadEvidence) -> Judgement:
    """PASS when every loaded tensor's bytes equal the file's."""
    if not load.loaded:
        return skipped(
            "No tensor was loaded, so there is nothing to compare.", remedy="Mend “Checkpoint reaches the model” first."
        )
    figures = (Measurement(name="bit-equal tensors", value=len(load.bit_equal), limit=f"= {len(load.loaded)}"),)
    if load.bit_different:
        return failed(
            f"{len(load.bit_different)} of {len(load.loaded)} loaded tensors differ from the file: "
            f"{some(load.bit_different)}.",
            *figures,
            remedy="Look for code that touches the weights after loading: initialisation, casts, tied weights.",
        )
    return passed(f"All {len(load.bit_equal)} loaded tensors equal the file, bit by bit.", *figures)


CHECK = Check(
    "checkpoint.bitwise", "Loaded weights equal the file", Stage.CHECKPOINT, Severity.BLOCKS, (LoadEvidence,), judge
)
