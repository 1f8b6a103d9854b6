"""The guard without a line in the team's script: Lightning asks these entry points in every training.

Outside a job that aqboard launched they must cost and risk nothing, so nothing is imported before that is known.
"""

import os
from typing import Any

from aqboard.guard import MANIFEST_VARIABLE


def lightning() -> list[Any]:
    """For `lightning.pytorch.callbacks_factory`."""
    if not os.environ.get(MANIFEST_VARIABLE):
        return []
    from aqboard.guard.for_lightning import LaunchGuard

    return [LaunchGuard()]


def pytorch_lightning() -> list[Any]:
    """For `pytorch_lightning.callbacks_factory`."""
    if not os.environ.get(MANIFEST_VARIABLE):
        return []
    from aqboard.guard.for_pytorch_lightning import LaunchGuard

    return [LaunchGuard()]
