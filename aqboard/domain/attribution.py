"""Which of the things that may differ explains a loss? Pure functions over losses measured setting by setting.

All settings are measured on the same batches, the exploratory ones on the first few only, so settings are compared by
the ratio of their losses on the batches they share: batches differ from each other far more than settings do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from pydantic import Field

from aqboard.domain.model import Record

Factor = Literal["weights", "cache", "rule", "layout", "new_parameters", "mode", "precision"]
FACTORS: tuple[Factor, ...] = get_args(Factor)

NOISE = 0.05
"""Relative differences below this mean nothing with 8 to 12 validation samples (measured on the demo model)."""

MOST_FACTORS = 2
"""Larger sets explain anything."""


class Setting(Record):
    """Everything that may differ between two measurements of one model's loss; empty where it does not apply."""

    weights: Literal["as loaded", "keys mapped", "random"]
    cache: str = ""
    """Name of the first file with that content; empty where the rule reads none."""
    rule: str = ""
    layout: str = ""
    """Empty in row-major order, where both layouts are the same."""
    new_parameters: Literal["", "as configured", "neutral"] = ""
    """Empty where the model has none, or where they are neutral as configured."""
    mode: Literal["evaluation", "training"] = "evaluation"
    precision: Literal["float32", "bfloat16"] = "float32"

    def value(self, factor: Factor) -> str:
        """The value of one factor."""
        return str(getattr(self, factor))

    def with_value(self, factor: Factor, value: str) -> "Setting":
        """The same setting with another value of one factor."""
        return Setting.model_validate({**self.model_dump(), factor: value})

    def differs_from(self, other: "Setting") -> tuple[Factor, ...]:
        """Factors with another value; one that does not apply to either of the two does not count."""
        pairs = ((factor, self.value(factor), other.value(factor)) for factor in FACTORS)
        return tuple(factor for factor, mine, theirs in pairs if mine and theirs and mine != theirs)


class Tried(Record):
    """The loss of one setting on the first batches, masked MSE in normalised units."""

    setting: Setting
    per_batch: tuple[float, ...] = Field(min_length=1)
    samples: tuple[int, ...]

    @property
    def mean(self) -> float:
        """Mean over samples of the batches measured."""
        return sum(loss * n for loss, n in zip(self.per_batch, self.samples, strict=True)) / sum(self.samples)

    def ratio_to(self, other: "Tried") -> float:
        """This loss divided by the other's, on the batches that both were measured on; NaN where that is no number."""
        pairs = list(zip(self.per_batch, other.per_batch, self.samples, strict=False))
        below = sum(theirs * n for _, theirs, n in pairs)
        return sum(mine * n for mine, _, n in pairs) / below if below else float("nan")

    def estimate(self, planned: "Tried") -> float:
        """The loss on all of the planned setting's batches; exact when this one was measured on all of them."""
        if len(self.per_batch) >= len(planned.per_batch):
            return self.mean
        return planned.mean * self.ratio_to(planned)


@dataclass(frozen=True)
class Explanation:
    """The smallest change of the plan that brings the loss down to the baseline's."""

    factors: tuple[Factor, ...]
    row: Tried
    loss: float
    """On all batches; estimated when the row was measured on some of them."""
    others: tuple[Tried, ...] = ()
    """Changes of other factors, as few, that do it as well: the losses alone cannot tell them apart."""


def find(rows: Iterable[Tried], setting: Setting) -> Tried | None:
    """The measurement of one setting."""
    return next((row for row in rows if row.setting == setting), None)


def explain(planned: Tried, rows: Sequence[Tried], reference: Setting, limit: float) -> Explanation | None:
    """The fewest factors, two at most, whose other values bring the planned loss to `limit` or below.

    None when there is no gap, or when nothing tried closes it. Random weights explain nothing. Among equally small
    changes the one that comes nearest to `reference`, the setting of the training, is preferred, then the lowest loss.
    """
    if planned.mean <= limit:
        return None
    changes = [(row, row.setting.differs_from(planned.setting), row.estimate(planned)) for row in rows]
    closing = [
        (row, factors, loss)
        for row, factors, loss in changes
        if 1 <= len(factors) <= MOST_FACTORS and row.setting.weights != "random" and loss <= limit
    ]
    if not closing:
        return None
    closing.sort(key=lambda item: (len(item[1]), len(item[0].setting.differs_from(reference)), item[2]))
    row, factors, loss = closing[0]
    others = {item[1]: item[0] for item in reversed(closing) if len(item[1]) == len(factors) and item[1] != factors}
    return Explanation(factors, row, loss, tuple(reversed(others.values())))


def best_step(planned: Tried, rows: Sequence[Tried]) -> Tried | None:
    """The row that differs from the plan in one factor and lowers the loss most, by more than noise."""
    single = [
        (row.ratio_to(planned), row)
        for row in rows
        if len(row.setting.differs_from(planned.setting)) == 1 and row.setting.weights != "random"
    ]
    lower = [(ratio, row) for ratio, row in single if isfinite(ratio) and ratio < 1 - NOISE]
    return min(lower, key=lambda item: item[0])[1] if lower else None


def neighbours(rows: Iterable[Tried], base: Tried) -> list[tuple[Factor, Tried, float]]:
    """(factor, row, ratio to the base) of every row that differs from the base in one factor, in reading order."""
    found = [(row.setting.differs_from(base.setting), row) for row in rows]
    ordered = [(factors[0], row, row.ratio_to(base)) for factors, row in found if len(factors) == 1]
    return sorted(ordered, key=lambda item: FACTORS.index(item[0]))
