"""What the probes of one attempt share: the target, the checkpoint's tensors, and the evidence so far."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import TargetError
from aqboard.domain.evidence import Evidence
from aqboard.domain.plan import LaunchPlan
from aqboard.probes.target import Scan, ScansWind, Target, able
from aqboard.probes.team_code import import_builder
from aqboard.readers import guarded
from aqboard.readers.checkpoints.checkpoint import CheckpointFile, read_checkpoint

E = TypeVar("E", bound=Evidence)


class Context:
    """Lazily built, and built once: a probe that needs no model does not wait for one."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.say: Callable[[str], None] = lambda _: None
        self._evidence: dict[str, Evidence] = {}

    @property
    def plan(self) -> LaunchPlan:
        """The frozen plan."""
        return self.attempt.plan

    def remember(self, evidence: Evidence) -> None:
        """Keep what was measured for the probes that follow."""
        self._evidence[evidence.kind] = evidence

    def known(self, kind: type[E]) -> E | None:
        """Evidence measured earlier in this process, or None."""
        return cast(E | None, self._evidence.get(kind.kind))

    @cached_property
    def target(self) -> Target:
        """The code under check; raises TargetError when it cannot be found, or does not fit the plan."""
        target = able(import_builder(self.plan.target)(self.plan), Target)
        if isinstance(target, ScansWind) and self.plan.scan is None:
            raise TargetError("The target orders its tokens by the wind, and the plan has no scan section: add `scan`.")
        return target

    @cached_property
    def scan(self) -> Scan | None:
        """The scan as the plan sets it; None for a plan without one, or a target that orders nothing by the wind."""
        if self.plan.scan is None or not isinstance(self.target, ScansWind):
            return None
        guarded.inspect_cache(self.plan.scan.cache)  # as for the checkpoint: first behind the second wall
        return self.target.scan()

    @cached_property
    def checkpoint(self) -> CheckpointFile:
        """The checkpoint's directory: keys and metadata, tensor data on demand.

        A child process with bounded memory and time reads it first: a file that kills its reader raises ReadError
        here, and never costs the probe process.
        """
        guarded.summarise_checkpoint(self.plan.checkpoint.path)
        return read_checkpoint(self.plan.checkpoint.path)

    @cached_property
    def state(self) -> dict[str, Tensor]:
        """The checkpoint's tensors, read once, without torch.load: nothing in the file is executed."""
        file = self.checkpoint
        return {key: torch.from_numpy(np.array(file.tensor(key))) for key in file.tensors}


@dataclass(frozen=True)
class Probe:
    """One measurement: the kind of evidence it brings, and how."""

    kind: type[Evidence]
    title: str
    measure: Callable[[Context], Evidence]
