"""The guard without a line in the team's script: Lightning asks these entry points in every training.

Outside a job that aqboard launched they must cost and risk nothing, so nothing is imported before that is known.
"""

from typing import Any

from aqboard.logs import configure
from aqboard.settings import guard_manifest


def lightning() -> list[Any]:
    """For `lightning.pytorch.callbacks_factory`."""
    if guard_manifest() is None:
        return []
    configure()
    from aqboard.guard.for_lightning import LaunchGuard

    return [LaunchGuard()]


def pytorch_lightning() -> list[Any]:
    """For `pytorch_lightning.callbacks_factory`."""
    if guard_manifest() is None:
        return []
    configure()
    from aqboard.guard.for_pytorch_lightning import LaunchGuard

    return [LaunchGuard()]
