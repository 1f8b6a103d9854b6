"""Does the training's own configuration mean the job that the plan asks Slurm for?

Nodes and GPUs are written down twice. Where the two differ, Lightning stops at the start, or GPUs stand idle, or every
node trains a model of its own; and the learning rate belongs to one effective batch.
"""

from pathlib import PurePath

from aqboard.checks.check import Check
from aqboard.domain.evidence.training import TrainingEvidence, TrainingFacts
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, warned
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, training: TrainingEvidence) -> Judgement:
    """PASS when nodes and GPUs agree, FAIL when they do not, WARN when the configuration does not say."""
    facts, cluster = training.facts, plan.cluster
    if facts is None or (facts.nodes is None and facts.devices is None):
        return warned(
            "The target does not say for how many nodes and GPUs the training is configured.",
            remedy="Add `training_facts` to the target; docs/your_own_model.md shows how.",
        )
    figures = _figures(plan, facts)
    wrong = [
        f"{name} {configured}, the job has {asked}"
        for name, configured, asked in (
            ("nodes", facts.nodes, cluster.nodes),
            ("GPUs per node", facts.devices, cluster.gpus_per_node),
        )
        if configured is not None and configured != asked
    ]
    if wrong:
        return failed(
            f"The training is configured for {'; '.join(wrong)}.",
            *figures,
            remedy="Set both to what is meant: cluster.nodes and cluster.gpus_per_node in the plan, "
            "num_nodes and devices in the training's configuration.",
        )
    named = [PurePath(word).name for word in cluster.command if word.endswith((".yaml", ".yml"))]
    if facts.configuration and named and facts.configuration not in named:
        return warned(
            f"The job starts with {', '.join(named)}; what was checked is {facts.configuration}.",
            *figures,
            remedy="Name the same configuration in target.config and cluster.command.",
        )
    return passed(
        f"{cluster.nodes} nodes x {cluster.gpus_per_node} GPUs in the plan and in the training{_batch(plan, facts)}.",
        *figures,
    )


def effective_batch(plan: LaunchPlan, facts: TrainingFacts) -> int | None:
    """Samples per optimizer step over the whole job; None when the batch size is not known."""
    return None if facts.batch_size is None else facts.batch_size * facts.accumulate * plan.cluster.gpus


def epochs(plan: LaunchPlan, facts: TrainingFacts) -> float | None:
    """How often the run sees each training sample; None when that cannot be told."""
    batch = effective_batch(plan, facts)
    if batch is None or not facts.train_samples or facts.max_steps is None:
        return None
    return facts.max_steps * batch / facts.train_samples


def _batch(plan: LaunchPlan, facts: TrainingFacts) -> str:
    batch = effective_batch(plan, facts)
    if batch is None:
        return ""
    steps = f", {facts.max_steps:,} steps" if facts.max_steps else ""
    seen = epochs(plan, facts)
    return f"; {batch:,} samples per step{steps}" + ("" if seen is None else f", each sample seen {seen:,.1f} times")


def _figures(plan: LaunchPlan, facts: TrainingFacts) -> tuple[Measurement, ...]:
    rows: list[tuple[str, float | int | None, str]] = [
        ("nodes configured", facts.nodes, f"= {plan.cluster.nodes}"),
        ("GPUs per node configured", facts.devices, f"= {plan.cluster.gpus_per_node}"),
        ("batch per GPU", facts.batch_size, ""),
        ("batches per step", facts.accumulate, ""),
        ("effective batch", effective_batch(plan, facts), ""),
        ("steps", facts.max_steps, ""),
        ("training samples", facts.train_samples, ""),
        ("epochs", epochs(plan, facts), ""),
    ]
    return tuple(
        Measurement(name=name, value=round(value, 2), limit=limit) for name, value, limit in rows if value is not None
    )


CHECK = Check("launch.agrees", "Configured for this job", Stage.LAUNCH, Severity.BLOCKS, (TrainingEvidence,), judge)
