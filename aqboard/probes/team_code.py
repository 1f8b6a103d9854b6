"""Reach the team's code: its working directory, its folders on Python's path, its builder. Probe process only."""

import importlib
import os
import sys
from collections.abc import Callable

from aqboard.domain.errors import TargetError
from aqboard.domain.plan import LaunchPlan, TargetPlan


def import_builder(target: TargetPlan) -> Callable[[LaunchPlan], object]:
    """The callable that the plan names. Changes this process's directory and path, as starting the training would.

    Raises TargetError when the builder cannot be found; what else importing the team's code raises goes through.
    """
    if target.workdir:
        try:
            os.chdir(target.workdir)
        except OSError as error:
            raise TargetError(f"target.workdir: {target.workdir} cannot be entered ({error.strerror}).") from None
    sys.path[:0] = [folder for folder in map(str, target.python_path) if folder not in sys.path]
    module_name, _, name = target.builder.partition(":")
    try:
        builder = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise TargetError(
            f"target.builder: {target.builder} cannot be imported ({error}). It must be `package.module:callable`, "
            "importable where the probes run; target.python_path names the folders to search."
        ) from error
    if not callable(builder):
        raise TargetError(f"target.builder: {target.builder} is a {type(builder).__name__}; it must be callable.")
    return builder  # type: ignore[no-any-return]
