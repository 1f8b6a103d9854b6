"""The canary: the same training on few nodes, ended well once the guard has seen what it was to see."""

import os
from collections.abc import Mapping

from aqboard.domain.job.manifest import LaunchManifest
from aqboard.guard.names import CANARY_VARIABLE


def seen_enough(manifest: LaunchManifest, steps: int, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a canary that has come `steps` optimizer steps far, and no further look is signed."""
    return bool(environment.get(CANARY_VARIABLE)) and steps >= max(manifest.guard.again_at_steps, default=1)
