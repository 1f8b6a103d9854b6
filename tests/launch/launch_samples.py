"""One plan of the story's size, and the records around it, for the tests of this folder."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from aqboard.domain.attempt import Attempt, InputFile
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.machine import EnvironmentEvidence, Gpu
from aqboard.domain.plan import ClusterPlan, LaunchPlan
from aqboard.domain.session.events import ProbeOutcome
from aqboard.domain.signing.signoff import Decision, SignOff
from aqboard.launch.script import Signed
from tests import samples

WHEN = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
UID = "0123456789abcdef0123456789abcdef"
SEAL = "5ea1" * 16
SIGNED = Signed("/scratch/project_465000001/board/scripts/attempt-7-5ea15ea15ea1/manifest.json", "ab12" * 16)


def cluster(**changes: object) -> ClusterPlan:
    """50 nodes x 8 GPUs on LUMI-G for a day."""
    return ClusterPlan.model_validate(
        {
            "profile": "lumi-g",
            "account": "project_465000001",
            "partition": "standard-g",
            "nodes": 50,
            "gpus_per_node": 8,
            "time": "1-00:00:00",
            "job_name": "topoflow-400",
            "workdir": "/scratch/project_465000001/aq",
            "command": ["python", "-m", "aqboard_reference.topoflow.train", "config.yaml"],
            **changes,
        }
    )


def plan(folder: Path = Path("/scratch/project_465000001/aq"), **cluster_changes: object) -> LaunchPlan:
    """A plan with three input files in `folder`."""
    raw = LaunchPlan.model_validate(
        {
            "name": "TopoFlow fine-tuning, 400 GPUs",
            "author": "Nadia Berger",
            "target": {"builder": samples.REFERENCE, "config": "config.yaml"},
            "checkpoint": {"path": "best.ckpt"},
            "scan": {"rule": "strip-sector", "layout": "compat", "cache": "wind_scanner_cache.pkl"},
            "data": {"directory": "data"},
            "baseline": {"val_loss": 0.3557},
            "cluster": cluster(**cluster_changes),
        }
    )
    return raw.with_base(folder)


def attempt(of: LaunchPlan | None = None, **changes: object) -> Attempt:
    """The frozen plan; the files' contents are their names."""
    frozen = of or plan()
    values = {
        "uid": UID,
        "created_at": WHEN,
        "host": "uan01",
        "aqboard_version": "0.1.0",
        "plan": frozen,
        "plan_text": "name: ...",
        "inputs": tuple(input_file(key, path) for key, path in frozen.input_files()),
        "checks": ("checkpoint.coverage",),
    }
    return Attempt.model_validate({**values, **changes})


def content(path: Path) -> bytes:
    """What the sample file at `path` holds."""
    return path.name.encode("utf-8", "surrogateescape")


def input_file(key: str, path: Path) -> InputFile:
    """The record of a sample file."""
    data = content(path)
    return InputFile(
        key=key,
        path=path,
        size=len(data),
        mtime=WHEN,
        md5=hashlib.md5(data).hexdigest(),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def go(**changes: object) -> SignOff:
    """A GO for the sample attempt."""
    values = {"attempt": UID, "person": "Ada Okafor", "decision": Decision.GO, "seal": SEAL, "created_at": WHEN}
    return SignOff.model_validate({"comment": "Baseline reproduced, cache content equal.", **values, **changes})


def machine(gpus: int) -> EnvironmentEvidence:
    """The machine that the checks ran on."""
    return EnvironmentEvidence(
        host="nid1",
        python="3.11",
        torch="2.7",
        torch_build="ROCm 6.2",
        gpus=tuple(Gpu(name="MI250X", total_bytes=1, free_bytes=1) for _ in range(gpus)),
        open_files=1024,
        checkpoint_bytes=0,
    )


def outcomes(*evidence: Evidence, seconds: float = 120) -> dict[str, ProbeOutcome]:
    """What the attempt's probes brought, `seconds` each."""
    return {
        each.kind: ProbeOutcome(
            probe=each.kind, status="measured", evidence=each.model_dump(mode="json"), seconds=seconds
        )
        for each in evidence
    }
