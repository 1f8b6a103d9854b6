"""How surely a loss was measured: the confidence interval of its mean. Pure figures, no verdicts."""

import random
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from aqboard.domain.evidence.loss import LossMeasurement

RESAMPLES = 2000
DRAWS = 400_000
"""Batches drawn at most, so that a thousand batches do not take seconds; never fewer than 400 resamples."""
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A confidence interval of a mean."""

    low: float
    high: float


def interval(measured: LossMeasurement, *, seed: int = 0) -> Interval | None:
    """Where the mean over samples would lie with other batches of the same kind, at 95 %; None for fewer than two.

    Percentile bootstrap (Efron, 1979): batches are drawn again with replacement, the mean weighted by their samples.
    The seed makes the same evidence give the same interval.
    """
    return _interval(tuple(zip(measured.per_batch, measured.samples, strict=True)), seed)


@lru_cache(maxsize=64)  # one evidence is judged once and drawn many times
def _interval(batches: tuple[tuple[float, int], ...], seed: int) -> Interval | None:
    if len(batches) < 2:
        return None
    resamples = max(400, min(RESAMPLES, DRAWS // len(batches)))
    draw = random.Random(seed)  # noqa: S311 - statistics, not a secret
    means = sorted(_mean(draw.choices(batches, k=len(batches))) for _ in range(resamples))
    tail = round(resamples * (1 - CONFIDENCE) / 2)
    return Interval(means[tail], means[-1 - tail])


def _mean(batches: Sequence[tuple[float, int]]) -> float:
    return sum(loss * n for loss, n in batches) / sum(n for _, n in batches)
