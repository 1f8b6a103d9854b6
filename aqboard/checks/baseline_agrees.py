"""Is the plan's baseline the score that the checkpoint itself records?

Every later verdict on the first loss is held against `baseline.val_loss`. A figure copied from another run makes a
spoilt start look good, or a good one spoilt. ModelCheckpoint records the score, and people write it into the name.
"""

import re
from decimal import Decimal
from pathlib import Path

from aqboard.checks.check import Check
from aqboard.domain.evidence.checkpoint import CheckpointEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, warned
from aqboard.domain.plan import LaunchPlan

MONITORED = ("val_loss", "val/loss", "valid_loss", "validation_loss", "val_loss_epoch")
"""Names under which trainings monitor the loss that a plan calls `val_loss`."""


def judge(plan: LaunchPlan, checkpoint: CheckpointEvidence) -> Judgement:
    """PASS when recorded score, file name and plan agree to the digits printed, WARN when nothing is recorded."""
    planned, best = plan.baseline.val_loss, checkpoint.summary.best
    recorded = best.of_this_file if best else None
    named = printed_in_name(checkpoint.summary.path, best.in_file_name) if best else None
    figures = [Measurement(name="baseline.val_loss in the plan", value=planned)]
    if recorded is not None:
        figures.append(Measurement(name="recorded by the training", value=recorded))
    if named is not None:
        figures.append(Measurement(name="in the file's name", value=named))
    if best is None or (recorded is None and named is None):
        return warned(
            "Neither the checkpoint nor its name says which score it had; the plan's baseline stands alone.",
            *figures,
            remedy="Find the score in the training's log. ModelCheckpoint writes it into the next checkpoint.",
        )
    if best.monitor not in MONITORED:
        return warned(
            f"The checkpoint records {best.monitor}, which is not the validation loss.",
            *figures,
            remedy="Find the val_loss of that step in the training's log and compare it with baseline.val_loss.",
        )
    if recorded is not None and named is not None and not agree(recorded, float(named), decimals(named)):
        return failed(
            f"The training recorded {recorded:.6g}, the file's name says {named}.",
            *figures,
            remedy="The file was renamed or overwritten: find out which run it comes from.",
        )
    told, digits = (recorded, 15) if recorded is not None else (float(named or 0), decimals(named or ""))
    if not agree(told, planned, min(decimals(repr(planned)), digits)):
        return failed(
            f"The plan's baseline is {planned:g}; the checkpoint's own score is {told:.6g}.",
            *figures,
            remedy=f"Set baseline.val_loss to {told:.6g}, or point checkpoint.path at the run that it comes from.",
        )
    source = "recorded score, file name and plan" if recorded is not None and named else "the checkpoint and the plan"
    return passed(f"{planned:g}: {source} agree.", *figures)


def agree(precise: float, printed: float, places: int) -> bool:
    """Whether two figures are the same once both are rounded to `places` decimals; half a digit either way counts."""
    return abs(precise - printed) <= 0.5000001 * 10.0**-places


def decimals(text: str) -> int:
    """Digits after the point of a number as it is written: 4 for `0.3557`, 5 for `1e-05`."""
    exponent = Decimal(text).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def printed_in_name(path: str, value: float | None) -> str | None:
    """The digits of `value` as the file's name prints them, `0.3500` included."""
    if value is None:
        return None
    written = re.findall(r"=(-?\d+(?:\.\d+)?(?:e-?\d+)?)", Path(path).name)
    return next((digits for digits in written if float(digits) == value), repr(value))


CHECK = Check(
    "baseline.agrees", "Baseline is the checkpoint's", Stage.CHECKPOINT, Severity.BLOCKS, (CheckpointEvidence,), judge
)
