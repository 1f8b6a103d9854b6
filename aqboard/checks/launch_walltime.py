"""Will the run be done before Slurm ends it?

A job that is stopped at its time limit keeps what its last checkpoint holds, and nothing since. The estimate is the
time of one step, here on a GPU or from an earlier run (`training.seconds_per_step`), times the steps of the run.
"""

from aqboard.checks.check import Check
from aqboard.checks.train_cost import seconds_per_step
from aqboard.domain.evidence_launch import TrainingEvidence
from aqboard.domain.evidence_train import CostEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, passed, skipped, warned
from aqboard.domain.job.slurm_time import hours
from aqboard.domain.plan import LaunchPlan

OVERHEAD = 1.15
"""Start, validation and checkpoints on top of the steps; a guess on the careful side of what is usual."""


def judge(plan: LaunchPlan, training: TrainingEvidence, cost: CostEvidence) -> Judgement:
    """PASS when the estimate is below the job's time, SKIP when time per step or steps are not known."""
    facts, seconds = training.facts, seconds_per_step(plan, cost)
    if facts is None or facts.max_steps is None:
        return skipped(
            "How many steps the run takes is not known.", remedy="Add `training_facts` with `max_steps` to the target."
        )
    if seconds is None:
        return skipped(
            f"The time of a step on the launch's GPUs is not known: it was measured on {cost.device}.",
            remedy="Run the checks on a GPU node, or name training.seconds_per_step from an earlier run.",
        )
    estimate_h = OVERHEAD * seconds * facts.accumulate * facts.max_steps / 3600
    allowed_h = hours(plan.cluster.time)
    figures = (
        Measurement(name="time per batch", value=round(seconds, 4), unit="s"),
        Measurement(name="estimate", value=round(estimate_h, 2), unit="h", limit=f"<= {allowed_h:g} h"),
    )
    told = f"{facts.max_steps:,} steps take about {estimate_h:.3g} h; the job may run {allowed_h:g} h."
    if estimate_h > allowed_h:
        return warned(
            told,
            *figures,
            remedy="Ask for more time (cluster.time), or let the training save often and continue in a second job.",
        )
    return passed(told, *figures)


CHECK = Check(
    "launch.walltime",
    "Done within the job's time",
    Stage.LAUNCH,
    Severity.WARNS,
    (TrainingEvidence, CostEvidence),
    judge,
)
