"""Do all ranks start from the same weights?

In the story the checkpoint was loaded on rank 0 only: 255 of 256 ranks kept random weights, and the mean over ranks
hid it (val_loss 1.75). Two processes start the way the training starts, and compare a digest of every tensor.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.training import RankReport, RanksEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, seen: RanksEvidence) -> Judgement:
    """PASS when all ranks hold the same tensors, bit by bit; FAIL when one dies at its start, ERROR when they hang."""
    figures = tuple(_figure(report, seen.file_tensors) for report in seen.ranks)
    dead = [report for report in seen.ranks if report.error]
    if seen.hung_after_s is not None:
        return broke(
            f"The ranks had not started after {seen.hung_after_s:g} s: do they wait for each other?",
            remedy="Look for a collective call that only some ranks make, such as a barrier inside `if rank == 0`.",
        )
    if dead:
        # A rank that fails takes the others down with it; the first to say why is the one to mend.
        first = min(dead, key=lambda report: (report.error.startswith("stopped"), report.rank))
        return failed(
            f"Rank {first.rank} of {len(seen.ranks)} does not start: {first.error}",
            *figures,
            remedy="Mend what the error names; the training starts its ranks in the same way.",
        )
    empty = [report for report in seen.ranks if not report.tensors]
    if empty:
        return broke("A rank holds no tensors; nothing was compared.", remedy="Does the rank's start give a module?")
    different = [report for report in seen.ranks if report.digest != seen.ranks[0].digest]
    if different:
        return failed(_in_words(seen.ranks[0], different[0], seen.file_tensors), *figures, remedy=_remedy())
    held = seen.ranks[0]
    how = "started as the target says" if seen.own_start else "each built the module and loaded the checkpoint"
    return passed(
        f"{len(seen.ranks)} ranks over {seen.backend}, {how}: all {held.tensors} tensors equal, bit by bit.", *figures
    )


def _in_words(zero: RankReport, other: RankReport, file_tensors: int) -> str:
    text = (
        f"Rank {other.rank} differs from rank 0 in {len(other.differing)} of {zero.tensors} tensors: "
        f"{some(other.differing)}."
    )
    if other.from_file != zero.from_file:
        text += (
            f" Of the checkpoint's {file_tensors} tensors, rank 0 holds {zero.from_file} and "
            f"rank {other.rank} {other.from_file}."
        )
    return text


def _remedy() -> str:
    return (
        "Load the checkpoint on every rank, before DDP is built; or load it on rank 0 and let DDP's construction "
        "broadcast it. Seed what is not in the checkpoint alike on every rank."
    )


def _figure(report: RankReport, file_tensors: int) -> Measurement:
    return Measurement(
        name=f"digest of rank {report.rank}",
        value=report.digest[:16] or "none",
        limit=f"{report.from_file} of the checkpoint's {file_tensors} tensors",
    )


CHECK = Check("ranks.equal", "All ranks equal", Stage.TRAINING, Severity.BLOCKS, (RanksEvidence,), judge)
