"""Can the launch write its checkpoints where it means to?

A full disk, a used-up quota or a folder of another user shows when the first checkpoint is saved, hours into the run.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.machine import EnvironmentEvidence, OutputFolder
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, warned
from aqboard.domain.plan import LaunchPlan
from aqboard.domain.words import size

AT_ONCE = 2
"""Checkpoints on disk at the same time: a new one is written before the one it replaces is deleted."""
FEW_FILES = 100
"""Inodes below which a log folder with its files may no longer fit."""


def judge(plan: LaunchPlan, machine: EnvironmentEvidence) -> Judgement:
    """PASS when every folder seen here takes two checkpoints; WARN when none is on this machine."""
    here = [folder for folder in machine.outputs if folder.on_this_machine]
    away = [folder.path for folder in machine.outputs if not folder.on_this_machine]
    need = AT_ONCE * machine.checkpoint_bytes
    figures = tuple(_figure(folder, need) for folder in here)
    if not here:
        return warned(
            f"{some(away)} is not on this machine, so nothing is known of it.",
            remedy="Run the checks on the cluster, where the launch will write.",
        )
    closed = [f"{folder.path} ({folder.what}): {folder.obstacle}" for folder in here if folder.obstacle]
    if closed:
        return failed(
            f"The launch cannot write to {some(closed)}.",
            *figures,
            remedy="Make the folder, or have it made writable for you; cluster.workdir and the training's "
            "configuration name it.",
        )
    full = [_lack(folder, need) for folder in here if _lack(folder, need)]
    if full:
        return failed(
            f"There is no room for checkpoints: {some(full)}.",
            *figures,
            remedy="Delete what is not needed, or ask for more quota; two checkpoints lie on disk at the same time.",
        )
    room = min(_room(folder) for folder in here)
    beside = f" {some(away)} is not on this machine and was not looked at." if away else ""
    each = f"about {size(machine.checkpoint_bytes)}, optimizer state included" if need else "a size that is not known"
    seen = some([folder.path for folder in here])
    return passed(f"{seen} can be written to; {size(room)} free for checkpoints of {each}.{beside}", *figures)


def _room(folder: OutputFolder) -> int:
    """Bytes that still fit, by disk and by quota."""
    known = [left for left in (folder.free_bytes, folder.quota_bytes) if left is not None]
    return min(known, default=0)


def _lack(folder: OutputFolder, need: int) -> str:
    """What there is too little of, in words; empty when it suffices."""
    if folder.quota_bytes is not None and folder.quota_bytes < need:
        return f"{folder.path} has {size(folder.quota_bytes)} of its quota left, {size(need)} are needed"
    if folder.free_bytes is not None and folder.free_bytes < need:
        return f"{folder.path} has {size(folder.free_bytes)} free, {size(need)} are needed"
    if folder.free_files is not None and folder.free_files < FEW_FILES:
        return f"{folder.path} has room for {folder.free_files} more files"
    return ""


def _figure(folder: OutputFolder, need: int) -> Measurement:
    quota = "" if folder.quota_bytes is None else f", {size(folder.quota_bytes)} of the quota"
    return Measurement(
        name=f"free for {folder.what}", value=f"{size(folder.free_bytes or 0)}{quota}", limit=f">= {size(need)}"
    )


CHECK = Check(
    "environment.output", "Checkpoints can be written", Stage.LAUNCH, Severity.BLOCKS, (EnvironmentEvidence,), judge
)
