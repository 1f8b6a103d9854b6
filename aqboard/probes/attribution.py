"""Loss attribution: change what could differ, one thing at a time, around the plan and around the training."""

from collections.abc import Sequence

from aqboard.domain.attribution import FACTORS, NOISE, Factor, Setting, best_step, explain
from aqboard.domain.evidence.checkpoint import LoadEvidence
from aqboard.domain.evidence.loss import AttributionEvidence, LossEvidence
from aqboard.probes.attribution_lab import Lab
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Unavailable

EXPLORED_BATCHES = 2
"""Batches for settings that are only explored; what counts are ratios to the plan on the same batches."""

CONFIRMATIONS = 3
"""Explanations that are measured on all batches, should the first ones not hold there."""

SECOND_STEP: Sequence[Factor] = ("cache", "rule", "layout", "new_parameters")
"""What is changed on top of the best single change; what the training's mode and precision cost is asked elsewhere."""


def measure(context: Context) -> AttributionEvidence:
    """Explore around the plan; where there is a gap, around the best single change and the training's setting too."""
    load, losses = context.known(LoadEvidence), context.known(LossEvidence)
    if load is None or losses is None:
        raise Unavailable("the first loss was not measured")
    lab = Lab(context, load, losses)
    planned = lab.tried[0]
    baseline = context.plan.baseline
    limit = baseline.val_loss * (1 + max(baseline.tolerance, NOISE))
    # Around random weights nothing else can be seen; only the weights are changed there.
    _explore(lab, lab.planned, FACTORS if load.loaded else ("weights",))
    if planned.mean > limit:
        step = best_step(planned, lab.tried)
        if step is not None:
            _explore(lab, step.setting, SECOND_STEP)
    if lab.try_setting(lab.reference, EXPLORED_BATCHES) is not None:
        _explore(lab, lab.reference, FACTORS)
    for _ in range(CONFIRMATIONS):
        found = explain(planned, lab.tried, lab.reference, limit)
        if found is None or len(found.row.per_batch) == lab.batches:
            break
        lab.try_setting(found.row.setting, lab.batches)
    return AttributionEvidence(
        planned=lab.planned, reference=lab.reference, tried=tuple(lab.tried), refused=tuple(lab.refused)
    )


def _explore(lab: Lab, base: Setting, factors: Sequence[Factor]) -> None:
    for factor in factors:
        for setting in lab.alternatives(base, factor):
            lab.try_setting(setting, min(EXPLORED_BATCHES, lab.batches))


PROBE = Probe(AttributionEvidence, "Loss attribution", measure)
