"""Valid examples of every record, to be changed by the test that uses them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from aqboard.domain.attempt import Attempt, InputFile
from aqboard.domain.finding import Finding, Severity, Stage, Verdict
from aqboard.domain.plan import LaunchPlan

REFERENCE = "aqboard_reference.target:build"
"""A builder of an installed package."""
WHEN = datetime(2026, 10, 17, 9, 30, tzinfo=UTC)


def plan_document(**sections: Any) -> dict[str, Any]:
    """A plan as its YAML would parse."""
    return {
        "name": "fine-tuning, second try",
        "author": "Ada",
        "target": {"builder": REFERENCE, "config": "train.yaml"},
        "checkpoint": {"path": "baseline.ckpt", "strict": False, "expected_missing": ["*.elevation_alpha"]},
        "scan": {"rule": "strip-sector", "layout": "corrected", "cache": "scan_cache.pkl"},
        "data": {"directory": "stores"},
        "baseline": {"val_loss": 0.356},
        "cluster": {
            "account": "project_465000001",
            "partition": "standard-g",
            "nodes": 50,
            "gpus_per_node": 8,
            "time": "1-00:00:00",
            "job_name": "finetune",
            "workdir": "/scratch/project_465000001/aq",
            "command": ["python", "train.py", "--config", "finetune.yaml"],
        },
        **sections,
    }


def plan(**sections: Any) -> LaunchPlan:
    """A valid plan."""
    return LaunchPlan.model_validate(plan_document(**sections))


def write_plan(folder: Path, **sections: Any) -> Path:
    """A plan on disk whose input files exist, though they hold nothing useful."""
    document = plan_document(**sections)
    for _, path in LaunchPlan.model_validate(document).with_base(folder).input_files():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(b"content of " + path.name.encode())
    file = folder / "plan.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return file


def attempt(checks: tuple[str, ...] = ("a", "b"), **changes: Any) -> Attempt:
    """A frozen attempt with one input file."""
    fields: dict[str, Any] = {
        "uid": "0" * 32,
        "created_at": WHEN,
        "host": "uan01",
        "aqboard_version": "0.1.0",
        "plan": plan(),
        "plan_text": "name: fine-tuning, second try\n",
        "inputs": (
            InputFile(
                key="checkpoint.path", path=Path("/data/a.ckpt"), size=3, mtime=WHEN, md5="m" * 32, sha256="s" * 64
            ),
        ),
        "checks": checks,
    }
    return Attempt(**{**fields, **changes})


def finding(check: str = "a", verdict: Verdict = Verdict.PASS, **changes: Any) -> Finding:
    """A finding that blocks unless changed."""
    fields: dict[str, Any] = {
        "check": check,
        "title": f"Check {check}",
        "stage": Stage.CHECKPOINT,
        "severity": Severity.BLOCKS,
        "verdict": verdict,
        "summary": "what was seen",
    }
    return Finding(**{**fields, **changes})
