import math

import pytest

from aqboard.domain.evidence.loss import LossEvidence, LossMeasurement
from aqboard.domain.plan import BaselinePlan
from aqboard.show.losses import candidate_losses, first_losses

BASELINE = BaselinePlan(val_loss=0.4, tolerance=0.05)


def measured(setting: str, *per_batch: float) -> LossMeasurement:
    return LossMeasurement(setting=setting, per_batch=per_batch, samples=(2,) * len(per_batch))


EVIDENCE = LossEvidence(
    planned=measured("as planned", 0.9, 1.1),
    random_init=measured("random initialisation", 3.0, 3.0),
    mended=measured("keys mapped", 0.4),
    candidates=(measured("a.pkl", 0.4, 0.6), measured("b.pkl", 0.41, 0.43)),
)


def test_first_losses_are_held_against_the_limit():
    rows = first_losses(EVIDENCE, BASELINE)
    assert [row.label for row in rows] == ["as planned", "keys mapped", "random init"]
    planned, mended, _ = rows
    assert (planned.mean, planned.ratio, planned.within) == (1.0, 2.5, False)
    assert planned.spread == pytest.approx(math.sqrt(0.02))
    assert mended.within and mended.spread is None, "one batch has no spread"


def test_every_candidate_is_a_row_in_the_order_given():
    rows = candidate_losses(EVIDENCE, BASELINE)
    assert [(row.label, row.per_batch, row.within) for row in rows] == [
        ("a.pkl", (0.4, 0.6), False),
        ("b.pkl", (0.41, 0.43), True),
    ]
