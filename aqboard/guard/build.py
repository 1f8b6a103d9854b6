"""Put a manifest together from an attempt, the people who said GO, and what was measured."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from aqboard.domain.attempt import Attempt
from aqboard.domain.canonical import digest
from aqboard.domain.evidence import CacheEvidence, LossEvidence
from aqboard.domain.evidence_train import CostEvidence
from aqboard.domain.job.manifest import Approver, CodeState, GuardSettings, LaunchManifest, SignedFile, SignedJob
from aqboard.domain.signing.signoff import SignOff
from aqboard.guard.expected import loss_band, pace, signed_facts
from aqboard.guard.names import KILL, VERDICT


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
    cache: CacheEvidence | None = None,
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
        facts=signed_facts(attempt.plan, cache),
        kill_file=folder / KILL,
        verdict_file=folder / VERDICT,
        guard=guard or GuardSettings(),
    )
