"""Measure a target or a file, and return evidence. torch lives here; only the probe process imports this package."""

from aqboard.probes import (
    cost,
    declared,
    files,
    forward,
    forward_changes,
    load,
    loss,
    machine,
    ranks,
    scan,
    step,
)
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Unavailable

PROBES: tuple[Probe, ...] = (
    files.FILE,
    files.CHECKPOINT,
    files.HEALTH,
    files.CURVE,
    declared.CONFIGURATION,
    declared.OPTIMIZER,
    files.CACHE,
    declared.DATA,
    declared.TRAINING,
    machine.PROBE,
    load.PROBE,
    scan.PROBE,
    forward.PROBE,
    forward_changes.COUNTERFACTUALS,
    forward_changes.REPEAT,
    loss.FIRST_LOSS,
    loss.ATTRIBUTION,
    step.PROBE,
    ranks.PROBE,
    cost.PROBE,
)
"""Every probe, in the order they run: files first, so that a model that cannot be built still leaves facts behind."""

__all__ = ["PROBES", "Context", "Probe", "Unavailable"]
