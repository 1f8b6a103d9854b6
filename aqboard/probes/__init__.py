"""Measure a target or a file, and return evidence. torch lives here; only the probe process imports this package."""

from aqboard.probes import (
    attribution,
    cache,
    checkpoint,
    checkpoint_file,
    configuration,
    cost,
    counterfactuals,
    curve,
    data,
    environment,
    first_loss,
    forward,
    health,
    load,
    optimizer,
    ranks,
    repeat,
    scan,
    step,
    training,
)
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Unavailable

PROBES: tuple[Probe, ...] = (
    checkpoint_file.PROBE,
    checkpoint.PROBE,
    health.PROBE,
    curve.PROBE,
    configuration.PROBE,
    optimizer.PROBE,
    cache.PROBE,
    data.PROBE,
    training.PROBE,
    environment.PROBE,
    load.PROBE,
    scan.PROBE,
    forward.PROBE,
    counterfactuals.PROBE,
    repeat.PROBE,
    first_loss.PROBE,
    attribution.PROBE,
    step.PROBE,
    ranks.PROBE,
    cost.PROBE,
)
"""Every probe, in the order they run: files first, so that a model that cannot be built still leaves facts behind."""

__all__ = ["PROBES", "Context", "Probe", "Unavailable"]
