"""Measure a target or a file, and return evidence. torch lives here; only the probe process imports this package."""

from aqboard.probes import (
    cache,
    checkpoint,
    checkpoint_file,
    configuration,
    curve,
    data,
    environment,
    first_loss,
    forward,
    health,
    load,
    optimizer,
    scan,
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
    first_loss.PROBE,
)
"""Every probe, in the order they run: files first, so that a model that cannot be built still leaves facts behind."""

__all__ = ["PROBES", "Context", "Probe", "Unavailable"]
