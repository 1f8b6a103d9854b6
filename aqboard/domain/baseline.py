"""How large a first loss may be and still count as the baseline's: one limit for every check, probe, page and job."""

from math import sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from aqboard.domain.plan import BaselinePlan

ENOUGH = 3
"""Measurements from which a spread can be told at all; with two, the limit below would lie eight spreads away."""
FLOOR = 1e-3
"""Smallest relative width of a calibrated band: other precisions and batch sizes alone move a loss by as much."""

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


def drawn_band(plan: BaselinePlan) -> Band:
    """The band to draw. Where measurements are too few to tell, the plan's tolerance serves; no verdict rests on it."""
    return band(plan) or Band(plan.val_loss, plan.val_loss * (1 + plan.tolerance), "too few measured")


def upper_limit(plan: BaselinePlan) -> float:
    """The limit of `drawn_band`, for drawing, sorting, and deciding how much to measure."""
    return drawn_band(plan).limit
