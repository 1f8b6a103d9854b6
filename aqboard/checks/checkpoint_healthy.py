"""Do the checkpoint's weights look like those of a trained model?

A file can be whole and hold nothing worth starting from: NaN from a training that diverged, zeros or constants from a
saving that went wrong, weights that are still as they were initialised.
"""

from fnmatch import fnmatchcase

from aqboard.checks.check import Check
from aqboard.checks.words import percent, some
from aqboard.domain.checkpoint import TensorHealth
from aqboard.domain.evidence.checkpoint import CheckpointEvidence, HealthEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed, warned
from aqboard.domain.plan import LaunchPlan

ENOUGH = 16
"""Values from which a tensor that is constant throughout, and is no bias or norm, is no accident of its size."""
MOSTLY = 0.5
"""Share of zeros in a tensor, or of untrained parameters in a model, above which it is not what training leaves."""
MAY_BE_CONSTANT = ("*bias*", "*norm*", "*.bn*", "*ln_*", "*running_*", "*alpha*", "*gamma*", "*scale*")
"""Names of tensors that may rightly be one value, or mostly zero: biases begin at zero, norms at one."""


def judge(plan: LaunchPlan, health: HealthEvidence, checkpoint: CheckpointEvidence) -> Judgement:
    """PASS when all values are finite and no matrix is zero, constant or untrained; WARN for what may be meant."""
    specs = checkpoint.summary.tensors
    tensors = [
        t for t in health.report.tensors if not fnmatchcase(t.key, "*mask*")
    ]  # which hold -inf, and are meant to
    if not tensors:
        return broke("No tensor has values that could be looked at.", remedy="Is checkpoint.path the right file?")
    floats = [t for t in tensors if t.key not in specs or "float" in specs[t.key].dtype]
    broken = [_in_words(t, f"{t.nan} NaN, {t.inf} infinite of {t.numel}") for t in tensors if t.nan or t.inf]
    flat = [_in_words(t, "all zero" if t.zero_share == 1 else "one value throughout") for t in floats if _flat(t)]
    holes = [_in_words(t, f"{t.zero_share:.0%} zeros") for t in floats if _weight(t) and MOSTLY < t.zero_share < 1]
    untrained = [t for t in floats if t.never_trained and not t.constant]
    share = sum(t.numel for t in untrained) / sum(t.numel for t in tensors)
    figures = (
        Measurement(name="tensors looked at", value=len(tensors)),
        Measurement(name="with NaN or infinite values", value=len(broken), limit="= 0"),
        Measurement(name="zero or constant", value=len(flat), limit="= 0"),
        Measurement(name="mostly zero", value=len(holes)),
        Measurement(name="share of parameters never trained", value=round(share, 4), limit=f"<= {MOSTLY}"),
    )
    if broken:
        return failed(
            f"{len(broken)} of {len(tensors)} tensors hold values that are no numbers: {some(broken)}.",
            *figures,
            remedy="The training diverged before this file was saved: take an earlier checkpoint.",
        )
    if flat:
        return failed(
            f"{len(flat)} of {len(tensors)} tensors say nothing: {some(flat)}.",
            *figures,
            remedy="Find out what wrote the file; compare it with another checkpoint (`aqboard checkpoint diff`).",
        )
    names = some([_in_words(t, t.never_trained or "") for t in untrained])
    if share > MOSTLY:
        return failed(
            f"{percent(share)} of the parameters were never trained: {names}.",
            *figures,
            remedy="This is a freshly initialised model, saved; find the checkpoint of the training.",
        )
    if untrained or holes:
        return warned(
            f"{len(untrained) + len(holes)} of {len(tensors)} tensors look untrained or emptied: "
            f"{some([*holes, *([names] if names else [])])}.",
            *figures,
            remedy="Were they frozen, pruned, or not part of the loss? If nothing of it is meant, the training left "
            "them out.",
        )
    unread = f"; {len(health.report.unread)} of other types were not read" if health.report.unread else ""
    return passed(f"{len(tensors)} tensors: all values finite, no matrix zero or constant{unread}.", *figures)


def _flat(tensor: TensorHealth) -> bool:
    """One value throughout, in a tensor that training never leaves so."""
    return tensor.constant and _weight(tensor)


def _weight(tensor: TensorHealth) -> bool:
    return tensor.numel >= ENOUGH and not any(fnmatchcase(tensor.key, pattern) for pattern in MAY_BE_CONSTANT)


def _in_words(tensor: TensorHealth, what: str) -> str:
    return f"{tensor.key} ({what})"


CHECK = Check(
    "checkpoint.healthy",
    "Weights healthy and trained",
    Stage.CHECKPOINT,
    Severity.BLOCKS,
    (HealthEvidence, CheckpointEvidence),
    judge,
)
