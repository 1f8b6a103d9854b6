"""Put a manifest together from an attempt, the people who said GO, and what was measured before the sign-off."""

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from aqboard.checks.train_cost import seconds_per_step
from aqboard.domain.attempt import Attempt
from aqboard.domain.baseline import FLOOR, band
from aqboard.domain.evidence.checkpoint import LoadEvidence
from aqboard.domain.evidence.loss import LossEvidence
from aqboard.domain.evidence.training import CostEvidence
from aqboard.domain.job.manifest import (
    Approver,
    CodeState,
    GuardSettings,
    LaunchManifest,
    LossBand,
    Pace,
    SignedFile,
    SignedJob,
    Subset,
)
from aqboard.domain.model import digest
from aqboard.domain.plan import LaunchPlan
from aqboard.domain.signing.signoff import SignOff
from aqboard.guard import KILL, VERDICT

logger = logging.getLogger(__name__)

BELOW = 0.05
"""Share of the measured loss that the job's may lie below it: other precisions move it by a tenth of that."""


def build_manifest(
    attempt: Attempt,
    number: int,
    signoffs: Sequence[SignOff],
    folder: Path,
    created_at: datetime,
    *,
    until: datetime | None = None,
    loss: LossEvidence | None = None,
    cost: CostEvidence | None = None,
    code: CodeState | None = None,
    container: SignedFile | None = None,
    load: LoadEvidence | None = None,
    guard: GuardSettings | None = None,
) -> LaunchManifest:
    """The manifest of a launch whose files lie in `folder`; every sign-off must be a GO for the same seal.

    `until`: when these sign-offs no longer suffice.

    Raises pydantic's ValidationError for what a manifest cannot hold, such as a path with control characters.
    """
    cluster = attempt.plan.cluster
    return LaunchManifest(
        attempt=attempt.uid,
        number=number,
        seal=signoffs[0].seal,
        approvals=tuple(
            Approver(person=s.person, identified_by=s.identified_by, created_at=s.created_at) for s in signoffs
        ),
        created_at=created_at,
        until=until,
        aqboard_version=attempt.aqboard_version,
        plan_sha256=digest(attempt.plan.model_dump(mode="json")),
        inputs=tuple(
            SignedFile(key=file.key, path=file.path, sha256=file.sha256, size=file.size, mtime=file.mtime)
            for file in attempt.inputs
        ),
        container=container,
        code=code,
        job=SignedJob(nodes=cluster.nodes, gpus_per_node=cluster.gpus_per_node),
        band=loss_band(attempt.plan, loss),
        pace=pace(attempt.plan, cost),
        facts=dict(load.facts) if load else {},
        kill_file=folder / KILL,
        verdict_file=folder / VERDICT,
        guard=guard or GuardSettings(),
    )


def loss_band(plan: LaunchPlan, measured: LossEvidence | None) -> LossBand | None:
    """The band around the loss measured as planned.

    None where nothing was measured, where no limit can be given, or where the measured loss lies above the limit: such
    an attempt is signed only with a waiver, and a job held against that limit could not start.
    """
    allowed = band(plan.baseline)
    if measured is None or allowed is None or not 0 < measured.planned.mean <= allowed.limit:
        logger.info("no loss band: measured %s, allowed %s", measured and measured.planned.mean, allowed)
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
