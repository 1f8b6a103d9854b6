"""What the probes see of the data, the job and the machine."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from aqboard.checks.data_periods import CHECK as PERIODS
from aqboard.checks.data_statistics import CHECK as STATISTICS
from aqboard.checks.launch_agrees import CHECK as AGREES
from aqboard.domain.evidence.data import DataEvidence, Period
from aqboard.domain.evidence.machine import EnvironmentEvidence
from aqboard.domain.finding import Verdict
from aqboard.probes import Unavailable, declared, files, machine
from aqboard.probes.machine import left_of_quota, look_at, lustre_quota_left
from tests import samples
from tests.tiny_launch import TinyLaunch


def told(context: Any) -> DataEvidence:
    context.remember(files.measure_checkpoint(context))
    return declared.measure_data(context)


def finetune(launch: TinyLaunch, name: str, **sections: Any) -> dict[str, Any]:
    """The plan's `target` with a configuration in which some keys of some sections are others."""
    document = yaml.safe_load((launch.folder / "finetune.yaml").read_text())
    for key, value in sections.items():
        document[key] = {**document[key], **value} if isinstance(value, dict) else value
    (launch.folder / name).write_text(yaml.safe_dump(document))
    return {"target": {"builder": samples.REFERENCE, "config": name}}


def test_the_launch_sees_what_the_training_saw(probing: Any) -> None:
    seen = told(probing())
    assert seen.launch is not None
    assert seen.trained is not None
    assert seen.launch.variables == seen.trained.variables
    assert seen.launch.statistics == seen.trained.statistics
    assert seen.launch.statistics_digest == seen.trained.statistics_digest != ""
    assert seen.launch.validation == seen.trained.validation == (Period.of_year(2019),)
    assert seen.trained.selection == {"lead_hours": [12], "val_stride_h": 8}
    for check in (STATISTICS, PERIODS):
        assert check.judge(probing().plan, seen).verdict is Verdict.PASS


def test_variables_that_changed_places_are_named(probing: Any, launch: TinyLaunch) -> None:
    names = yaml.safe_load((launch.folder / "finetune.yaml").read_text())["model"]["variables"]
    names[2], names[3] = names[3], names[2]
    context = probing(**finetune(launch, "swapped.yaml", model={"variables": names}))
    found = STATISTICS.judge(context.plan, told(context))
    assert found.verdict is Verdict.FAIL
    assert "rh in place of temp, temp in place of rh" in found.summary


def test_statistics_computed_anew_are_seen(probing: Any, launch: TinyLaunch) -> None:
    document = json.loads((launch.folder / "stores" / "normalisation.json").read_text())
    document["variables"]["temp"]["mean"] += 0.5
    (launch.folder / "anew.json").write_text(json.dumps(document))
    context = probing(**finetune(launch, "anew.yaml", data={"normalisation": str(launch.folder / "anew.json")}))
    found = STATISTICS.judge(context.plan, told(context))
    assert (found.verdict, "1 of 15 variables" in found.summary) == (Verdict.FAIL, True)


def test_a_validation_year_that_was_trained_on_is_seen(probing: Any, launch: TinyLaunch) -> None:
    context = probing(**finetune(launch, "overlap.yaml", data={"train_years": [2018, 2019]}))
    found = PERIODS.judge(context.plan, told(context))
    assert (found.verdict, "overlap: 2019" in found.summary) == (Verdict.FAIL, True)


def test_without_a_readable_checkpoint_nothing_is_compared(probing: Any) -> None:
    with pytest.raises(Unavailable, match="could not be read"):
        declared.measure_data(probing())


def test_targets_that_say_nothing_leave_nothing_to_compare(probing: Any) -> None:
    context = probing()
    context.target = object()
    assert told(context) == DataEvidence()
    assert declared.measure_training(context).facts is None


def test_the_job_as_configured(probing: Any, launch: TinyLaunch) -> None:
    facts = declared.measure_training(probing()).facts
    assert facts is not None
    assert (facts.nodes, facts.devices, facts.batch_size, facts.max_steps) == (50, 8, 2, 24)
    assert (facts.train_samples, facts.configuration) == (10, "finetune.yaml")
    context = probing(**finetune(launch, "one_node.yaml", num_nodes=1))
    found = AGREES.judge(context.plan, declared.measure_training(context))
    assert (found.verdict, "nodes 1, the job has 50" in found.summary) == (Verdict.FAIL, True)
    nowhere = probing(**finetune(launch, "nowhere.yaml", data={"train_years": [1990]}))
    facts = declared.measure_training(nowhere).facts
    assert facts is not None
    assert facts.train_samples is None


def test_the_machine_is_recorded(probing: Any) -> None:
    context = probing()
    context.remember(files.measure_checkpoint(context))
    seen = machine.measure(context)
    assert EnvironmentEvidence.model_validate(seen.model_dump(mode="json")) == seen
    assert seen.packages["torch"].split("+")[0] == seen.torch.split("+")[0]
    assert seen.open_files > 0
    assert seen.checkpoint_bytes > 0
    output, job = seen.outputs
    assert (output.what, output.obstacle, output.on_this_machine) == ("checkpoints and log", "", True)
    assert job.path == context.plan.cluster.workdir
    before = sorted(Path(output.nearest).iterdir())
    machine.measure(context)
    assert sorted(Path(output.nearest).iterdir()) == before, "nothing is written to find out"


def test_the_targets_commit_is_recorded(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        done = subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    assert machine._git(tmp_path, "rev-parse", "HEAD") == ""
    assert machine._git(None, "rev-parse", "HEAD") == ""
    (tmp_path / "model.py").write_text("x = 1\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    assert machine._git(tmp_path, "rev-parse", "HEAD") == git("rev-parse", "HEAD")


def test_folders_are_looked_at_where_they_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_later = look_at(tmp_path / "runs" / "7", "checkpoints", must_exist=False)
    assert (made_later.nearest, made_later.obstacle) == (str(tmp_path), "")
    assert made_later.free_bytes is not None
    assert look_at(tmp_path / "job", "job", must_exist=True).obstacle == "it does not exist"
    (tmp_path / "file").write_text("")
    assert "is a file, not a folder" in look_at(tmp_path / "file" / "x", "log", must_exist=False).obstacle
    assert not look_at(Path("/no-such-disk/project"), "job", must_exist=True).on_this_machine
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "may not write" in look_at(tmp_path, "job", must_exist=True).obstacle


QUOTA = "/pfs/lustrep1/scratch/project_465000001\n  {used} {soft} {hard} - 1200 2000000 2000000 -\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (QUOTA.format(used=100, soft=0, hard=1100), 1000 * 1024),
        (QUOTA.format(used="900*", soft=800, hard=0), 0),
        (QUOTA.format(used=100, soft=0, hard=0), None),
        ("lfs quota: cannot find mount point", None),
        ("", None),
    ],
)
def test_what_lfs_says_of_a_quota(text: str, left: int | None) -> None:
    assert left_of_quota(text) == left


def test_a_lustre_projects_quota_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lfs = tmp_path / "bin" / "lfs"
    lfs.parent.mkdir()
    lfs.write_text(
        '#!/bin/sh\nif [ "$1" = project ]; then echo "465000001 P $3"; '
        'else [ "$4" = 465000001 ] && echo "$5 100 0 1100 - 1 0 0 -"; fi\n'
    )
    lfs.chmod(0o755)
    monkeypatch.setenv("PATH", f"{lfs.parent}:{os.environ['PATH']}")
    assert lustre_quota_left(tmp_path) == 1000 * 1024
    lfs.write_text("#!/bin/sh\nexit 1\n")
    assert lustre_quota_left(tmp_path) is None


def test_gpus_are_asked_for_their_memory(probing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (30 + index, 64))
    seen = machine.measure(probing())
    assert [(gpu.name, gpu.free_bytes, gpu.total_bytes) for gpu in seen.gpus] == [("GPU 0", 30, 64), ("GPU 1", 31, 64)]

    def broken(_: int) -> tuple[int, int]:
        raise RuntimeError("CUDA error: device is busy")

    monkeypatch.setattr(torch.cuda, "mem_get_info", broken)
    seen = machine.measure(probing())
    assert (seen.gpus, seen.gpu_error) == ((), "RuntimeError: CUDA error: device is busy")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_a_real_gpu_is_seen(probing: Any) -> None:
    seen = machine.measure(probing())
    assert len(seen.gpus) == torch.cuda.device_count()
    assert all(0 < gpu.free_bytes <= gpu.total_bytes for gpu in seen.gpus)
    assert seen.torch_build != "CPU"
