"""What a guarded training writes into its checkpoints: from which signed launch they come, as plain data."""

from typing import Any

from aqboard.domain.job.guard_verdict import GuardCheck
from aqboard.domain.job.manifest import LaunchManifest

KEY = "aqboard_launch"


def launch_stamp(
    manifest: LaunchManifest, facts: dict[str, str], world: int, step: int, checks: list[GuardCheck]
) -> dict[str, Any]:
    """`facts` is what the module says of itself now; `signed` is what it was to say."""
    code = manifest.code
    return {
        "format": 1,
        "attempt": manifest.attempt,
        "number": manifest.number,
        "seal": manifest.seal,
        "manifest": manifest.sha256,
        "approved_by": [approval.person for approval in manifest.approvals],
        "inputs": {file.key: file.sha256 for file in manifest.inputs},
        "commit": code.commit + ("+changes" if code.dirty else "") if code else None,
        "signed": dict(manifest.facts),
        "facts": facts,
        "ranks_signed": manifest.job.tasks,
        "ranks": world,
        "step": step,
        "first_loss": next((check.loss for check in checks if check.when == "start"), None),
        "signed_loss": manifest.band.measured if manifest.band else None,
    }
