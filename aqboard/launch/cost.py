"""What a launch costs, in GPU-hours and in the centre's own unit: per hour, per epoch, and to its time limit.

Beside it what the checks cost: the two figures that say whether another hour of checking pays.
"""

import math
from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from aqboard.checks.train_cost import seconds_per_step
from aqboard.domain.cluster import ClusterProfile
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.machine import EnvironmentEvidence
from aqboard.domain.evidence.training import CostEvidence, TrainingEvidence, TrainingFacts
from aqboard.domain.job.slurm_time import hours
from aqboard.domain.model import Record
from aqboard.domain.plan import ClusterPlan, LaunchPlan
from aqboard.domain.session.events import ProbeOutcome

E = TypeVar("E", bound=Evidence)

Outcomes = Mapping[str, ProbeOutcome]
"""What became of each probe of an attempt, by the probe's name."""


class Cost(Record):
    """The bill of one job. A GPU is what Slurm counts as one, which on MI250X is one of two dies."""

    gpus: int
    """Also the GPU-hours that pass in every hour of the job."""
    hours: float
    """Wall time asked for."""
    gpu_hours: float
    """GPU-hours of the whole job."""
    unit: str = ""
    """The centre's billing unit; empty when the profile knows no billing rule."""
    billed_per_hour: float | None = None
    """In `unit`."""
    billed: float | None = None
    """For the whole job, in `unit`."""

    @property
    def sentence(self) -> str:
        """The bill in words, with every unit named."""
        spent = (
            f"{self.gpus} GPUs: {number(self.gpus)} GPU-hours per hour, "
            f"{number(self.gpu_hours)} for the whole {number(self.hours)} h"
        )
        if self.billed is None or self.billed_per_hour is None:
            return f"{spent}; how the centre bills them is not known."
        return f"{spent}; billed {number(self.billed_per_hour)} {self.unit} per hour, {number(self.billed)} in all."


def cost_of(cluster: ClusterPlan, profile: ClusterProfile) -> Cost:
    """The bill of the job in `cluster` on whole nodes of the profile's cluster."""
    wall = hours(cluster.time)
    billing = profile.billing
    per_hour = billing.per_node_hour * cluster.nodes if billing else None
    return Cost(
        gpus=cluster.gpus,
        hours=wall,
        gpu_hours=cluster.gpus * wall,
        unit=billing.unit if billing else "",
        billed_per_hour=per_hour,
        billed=per_hour * wall if per_hour is not None else None,
    )


def number(value: float) -> str:
    """A figure to read: thousands apart, at most one decimal, none when it is whole."""
    return f"{value:,.1f}".removesuffix(".0").replace(",", " ")


class Epoch(Record):
    """What one pass over the training data costs, without validation and start."""

    hours: float
    gpu_hours: float
    billed: float | None = None
    """In the job's unit."""


class ChecksCost(Record):
    """What the checks themselves took."""

    seconds: float
    """On the clock, over all probes."""
    gpus: int | None
    """GPUs of the machine they ran on, held all the while; None when that was not measured."""

    @property
    def gpu_hours(self) -> float | None:
        """GPU-hours that the checks held."""
        return None if self.gpus is None else self.seconds * self.gpus / 3600


class CostSummary(Record):
    """What is lost when the job goes wrong, beside what it cost to look."""

    job: Cost
    epoch: Epoch | None = None
    epoch_unknown: str = ""
    """Why the cost of an epoch is not known; empty when it is."""
    checks: ChecksCost | None = None
    """None when no probe has run."""

    @property
    def sentence(self) -> str:
        """Everything in words, every figure with its unit."""
        return f"At stake: {self.job.sentence} {self.epoch_sentence} {self.checks_sentence}"

    @property
    def epoch_sentence(self) -> str:
        """What one epoch costs, or why that is not known."""
        if self.epoch is None:
            return f"Per epoch not known: {self.epoch_unknown}."
        billed = f", billed {fine(self.epoch.billed)} {self.job.unit}" if self.epoch.billed is not None else ""
        return f"One epoch: {fine(self.epoch.gpu_hours)} GPU-hours in {fine(self.epoch.hours)} h{billed}."

    @property
    def checks_sentence(self) -> str:
        """What the checks took, and how that compares with an hour of the job."""
        if self.checks is None:
            return "The checks have not run."
        took = f"The checks took {number(self.checks.seconds)} s"
        held = self.checks.gpu_hours
        if held is None:
            return f"{took}; on how many GPUs is not known."
        if not held:
            return f"{took} on a machine without a GPU: 0 GPU-hours."
        gpus = f"{self.checks.gpus} GPU{'' if self.checks.gpus == 1 else 's'}"
        same_s = 3600 * held / self.job.gpus
        return f"{took} on {gpus}: {fine(held)} GPU-hours, as much as {fine(same_s)} s of the job."


def stakes(plan: LaunchPlan, profile: ClusterProfile, outcomes: Outcomes) -> CostSummary:
    """What the plan's job puts at stake, from the plan and from what the probes measured. Nothing is guessed."""
    job = cost_of(plan.cluster, profile)
    training, cost = _measured(outcomes, TrainingEvidence), _measured(outcomes, CostEvidence)
    environment = _measured(outcomes, EnvironmentEvidence)
    epoch = _epoch(plan, job, training.facts if training else None, cost)
    ran = sum(outcome.seconds for outcome in outcomes.values())
    return CostSummary(
        job=job,
        epoch=epoch if isinstance(epoch, Epoch) else None,
        epoch_unknown=epoch if isinstance(epoch, str) else "",
        checks=ChecksCost(seconds=ran, gpus=len(environment.gpus) if environment else None) if outcomes else None,
    )


def fine(value: float) -> str:
    """A figure to read, with two digits where it is small: half a GPU-hour must not become 0."""
    return number(value) if value >= 10 else f"{value:.2g}"


def _epoch(plan: LaunchPlan, job: Cost, facts: TrainingFacts | None, cost: CostEvidence | None) -> Epoch | str:
    """The cost of one epoch, or what is missing to know it."""
    if facts is None or not facts.batch_size:
        return "the target does not say how many samples an epoch has, or how many a process takes (training_facts)"
    if not facts.train_samples:
        return "the training data is not here, or the target does not count its samples (training_facts)"
    seconds = plan.training.seconds_per_step
    if seconds is None and cost is not None:
        seconds = seconds_per_step(plan, cost)
    if seconds is None:
        return "the time of a step on the launch's GPUs was not measured (training.seconds_per_step in the plan)"
    batches = math.ceil(facts.train_samples / (facts.batch_size * job.gpus))
    hours_each = batches * seconds / 3600
    billed = job.billed_per_hour * hours_each if job.billed_per_hour is not None else None
    return Epoch(hours=hours_each, gpu_hours=job.gpus * hours_each, billed=billed)


def _measured(outcomes: Outcomes, kind: type[E]) -> E | None:
    """The evidence of a probe; None when it brought none, or in the form of another version of aqboard."""
    outcome = outcomes.get(kind.kind)
    if outcome is None or outcome.evidence is None:
        return None
    try:
        return kind.model_validate(outcome.evidence)
    except ValidationError:
        return None
