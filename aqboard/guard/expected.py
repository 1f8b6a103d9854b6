"""What the job should show, from what was measured before the sign-off."""

from aqboard.checks.band import FLOOR, band
from aqboard.checks.train_cost import seconds_per_step
from aqboard.domain.evidence import CacheEvidence, LossEvidence
from aqboard.domain.evidence_train import CostEvidence
from aqboard.domain.job.manifest import LossBand, Pace, Subset
from aqboard.domain.plan import LaunchPlan

BELOW = 0.05
"""Share of the measured loss that the job's may lie below it: other precisions move it by a tenth of that."""


def loss_band(plan: LaunchPlan, measured: LossEvidence | None) -> LossBand | None:
    """The band around the loss measured as planned.

    None where nothing was measured, where no limit can be given, or where the measured loss lies above the limit: such
    an attempt is signed only with a waiver, and a job held against that limit could not start.
    """
    allowed = band(plan.baseline)
    if measured is None or allowed is None or not 0 < measured.planned.mean <= allowed.limit:
        return None
    loss = measured.planned.mean
    return LossBand(
        subset=Subset(batches=measured.planned.samples),
        measured=loss,
        baseline=allowed.baseline,
        limit=allowed.limit * (1 + FLOOR),
        low=loss * (1 - BELOW),
        how=allowed.how,
    )


def pace(plan: LaunchPlan, cost: CostEvidence | None) -> Pace | None:
    """The plan's own figure, or the time measured on a GPU; None when neither is there: a CPU's time says nothing."""
    if plan.training.seconds_per_step is not None:
        return Pace(seconds_per_batch=plan.training.seconds_per_step, source="training.seconds_per_step of the plan")
    measured = seconds_per_step(plan, cost) if cost else None
    return Pace(seconds_per_batch=measured, source=f"measured on {cost.device}") if cost and measured else None


def signed_facts(plan: LaunchPlan, cache: CacheEvidence | None) -> dict[str, str]:
    """What the reference model must say of its scan; other models say nothing that a plan could name."""
    if plan.scan is None or not plan.target.own:
        return {}
    facts = {"scan_rule": plan.scan.rule, "scan_layout": plan.scan.layout}
    reads_cache = cache is not None and plan.scan.rule.endswith("-sector")
    return facts | ({"scan_cache": cache.planned.digests.content} if cache and reads_cache else {})
