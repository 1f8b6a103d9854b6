"""What a broken launch is, and what is known of it beforehand."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from aqboard.domain.readiness import State
from tests.gallery.changing import Sections
from tests.tiny_launch import TinyLaunch

Change = Callable[[TinyLaunch, pytest.MonkeyPatch], Sections]


@dataclass(frozen=True)
class Broken:
    """A working launch with one thing changed."""

    name: str
    change: Change
    finds: str
    """The check whose question this is; it must not pass."""
    says: str
    """Words of its summary that name the cause."""
    follows: frozenset[str] = frozenset()
    """Checks that truly suffer from the same fault: they may say so, or say nothing. No other verdict changes."""
    anew: tuple[str, ...] = ()
    """Slow probes that this fault is about."""
    state: State = State.NOT_READY


def of(*checks: str) -> frozenset[str]:
    """Checks that follow."""
    return frozenset(checks)


LOSS = of("loss.first", "loss.candidates", "loss.attribution")
"""Every measured loss: it suffers from whatever is wrong with the weights or the scan, more or less."""
WEIGHTS = LOSS | of("checkpoint.bitwise", "forward.counterfactuals", "forward.deterministic", "train.one_step")
"""What nothing can be said of, or nothing good, when the weights are not in the model."""
ORDERS = of("scan.rule", "scan.order", "scan.cache_used")
MODEL = WEIGHTS | ORDERS | of("checkpoint.coverage", "checkpoint.optimizer", "scan.refusal", "forward.shapes")
"""What asks the model, and cannot when it cannot be built."""
FILE = WEIGHTS | of(
    "checkpoint.healthy", "checkpoint.coverage", "checkpoint.settings", "checkpoint.configuration",
    "checkpoint.launch", "checkpoint.optimizer", "baseline.agrees", "cache.trained_with", "cache.timeline",
    "data.statistics", "data.periods",
)  # fmt: skip
"""What asks the checkpoint, and cannot when it cannot be read."""
