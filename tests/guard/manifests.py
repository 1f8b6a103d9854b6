"""A manifest of small files that exist, for tests that need no torch."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aqboard.domain.job.manifest import (
    Approver,
    GuardSettings,
    LaunchManifest,
    LossBand,
    SignedFile,
    SignedJob,
    Subset,
)
from tests import samples


def signed_file(path: Path, key: str = "checkpoint.path") -> SignedFile:
    """The file as it is now."""
    status = path.stat()
    return SignedFile(
        key=key,
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size=status.st_size,
        mtime=datetime.fromtimestamp(status.st_mtime, UTC),
    )


def manifest(folder: Path, **changes: Any) -> LaunchManifest:
    """Two inputs, 1 x 2 GPUs, a loss band from 0.30 to 0.40 around 0.35."""
    for name in ("best.ckpt", "scan_cache.pkl"):
        if not (folder / name).exists():
            (folder / name).write_bytes(b"content of " + name.encode())
    fields: dict[str, Any] = {
        "attempt": "a" * 32,
        "number": 3,
        "seal": "5" * 64,
        "approvals": (Approver(person="Ada", identified_by="none", created_at=samples.WHEN),),
        "created_at": samples.WHEN,
        "aqboard_version": "0.1.0",
        "plan_sha256": "7" * 64,
        "inputs": (
            signed_file(folder / "best.ckpt"),
            signed_file(folder / "scan_cache.pkl", "scan.cache"),
        ),
        "job": SignedJob(nodes=1, gpus_per_node=2),
        "band": LossBand(subset=Subset(batches=(2, 2)), measured=0.35, baseline=0.36, limit=0.4, low=0.3),
        "kill_file": folder / "STOP",
        "verdict_file": folder / "guard_verdict.json",
        "guard": GuardSettings(),
    }
    return LaunchManifest(**{**fields, **changes})
