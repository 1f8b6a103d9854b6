"""Reach the team's code: import its builder, ask for abilities, call it and see what happens. Probe process only."""

import importlib
import os
import sys
from collections.abc import Callable
from typing import TypeVar

from aqboard.domain.errors import TargetError
from aqboard.domain.plan import LaunchPlan, TargetPlan
from aqboard.probes.target import Unavailable

A = TypeVar("A")
T = TypeVar("T")


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


def able(target: object, ability: type[A]) -> A:
    """The target as one that has the ability; raises Unavailable naming what it lacks."""
    if isinstance(target, ability):
        return target
    lacking = [name for name in _members(ability) if not hasattr(target, name)]
    raise Unavailable(
        f"the target offers no {', '.join(f'`{name}`' for name in lacking)} ({ability.__name__}); "
        "docs/your_own_model.md says how to add it"
    )


def _members(ability: type) -> list[str]:
    """Names that a Protocol asks for, its bases' first."""
    classes = [kind for kind in reversed(ability.__mro__) if getattr(kind, "_is_protocol", False)]
    names = [name for kind in classes for name in (*vars(kind), *kind.__annotations__) if not name.startswith("_")]
    return list(dict.fromkeys(names))


def observe(call: Callable[[], T]) -> tuple[T | None, str]:
    """The result and an empty string, or None and the error as `Type: message`.

    The one place in the probes that catches everything: an error of the code under check is evidence, not a crash.
    """
    try:
        return call(), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
