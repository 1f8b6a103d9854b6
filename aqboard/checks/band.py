"""How far the first loss may lie from the baseline, and how surely it was measured. Pure figures, no verdicts."""

import random
from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from aqboard.domain.evidence.loss import LossMeasurement
from aqboard.domain.plan import BaselinePlan

ENOUGH = 3
"""Measurements from which a spread can be told at all; with two, the limit below would lie eight spreads away."""
FLOOR = 1e-3
"""Smallest relative width of a calibrated band: other precisions and batch sizes alone move a loss by as much."""
RESAMPLES = 2000
DRAWS = 400_000
"""Batches drawn at most, so that a thousand batches do not take seconds; never fewer than 400 resamples."""
CONFIDENCE = 0.95

T_95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812,
        1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.740, 1.734, 1.729, 1.725)  # fmt: skip
"""95 % quantiles of Student's t for 1 to 20 degrees of freedom (NIST/SEMATECH e-Handbook, table 1.3.6.7.2)."""
T_95_MANY = 1.645
"""The normal distribution's, for more."""


class Band(NamedTuple):
    """Losses up to `limit` count as the baseline's. `how` says in words where the limit comes from."""

    baseline: float
    limit: float
    how: str


class Interval(NamedTuple):
    """A confidence interval of a mean."""

    low: float
    high: float


def band(plan: BaselinePlan) -> Band | None:
    """The plan's band; None when its measurements are too few to tell how far they spread.

    From measurements x_1..x_n with mean m and standard deviation s: one more measurement of the same baseline lies
    below `m + t s sqrt(1 + 1/n)` with 95 % probability, t being Student's quantile for n - 1 degrees of freedom.
    """
    values = plan.measurements
    if not values:
        limit = plan.val_loss * (1 + plan.tolerance)
        return Band(plan.val_loss, limit, f"{plan.tolerance:.3g} of the baseline, by the plan")
    if len(values) < ENOUGH:
        return None
    n, mean, spread = len(values), fmean(values), stdev(values)
    t = T_95[n - 2] if n - 2 < len(T_95) else T_95_MANY
    limit = mean + max(t * spread * sqrt(1 + 1 / n), FLOOR * mean)
    return Band(mean, limit, f"{n} measurements of the baseline, {mean:.4f} with a spread of {spread:.4f}")


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
