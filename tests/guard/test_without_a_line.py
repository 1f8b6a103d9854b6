"""A team's own script, in the other Lightning package, that never heard of aqboard: the job's environment is enough."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from aqboard.domain.job.guard_verdict import GuardVerdict
from aqboard.domain.job.manifest import LaunchManifest, LossBand, SignedJob, Subset
from aqboard.guard.names import MANIFEST_VARIABLE
from tests.guard.manifests import manifest, signed_file

EXAMPLE = Path(__file__).parents[2] / "examples" / "foreign"
FINETUNE = """
import sys, warnings
import pytorch_lightning as pl, stations, torch
from pathlib import Path
from forecaster import StationForecaster
warnings.filterwarnings("ignore")
here = Path(__file__).parent
module = StationForecaster(lr=1e-4)
if sys.argv[1:] != ["forget"]:
    module.load_state_dict(torch.load(here / "best.ckpt", weights_only=True)["state_dict"])
trainer = pl.Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
                     enable_progress_bar=False, enable_model_summary=False)
trainer.fit(module, stations.loader(here / "data", "train"), stations.loader(here / "data", "val"))
trainer.save_checkpoint(here / "next.ckpt")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The example, trained; and the loss that it printed."""
    folder = tmp_path_factory.mktemp("foreign") / "stations"
    shutil.copytree(EXAMPLE, folder)
    (folder / "finetune.py").write_text(FINETUNE)
    assert "aqboard" not in FINETUNE
    done = subprocess.run([sys.executable, "train.py"], cwd=folder, capture_output=True, text=True, check=True)
    return folder, float(done.stdout.strip().rpartition(" ")[2])


@pytest.fixture
def signed(project: tuple[Path, float]) -> LaunchManifest:
    folder, loss = project
    series = torch.load(folder / "data" / "stations_2022.pt", weights_only=True)
    samples = series.shape[0] * len(range(0, series.shape[1] - 30 + 1, 8))
    batches = (*[32] * (samples // 32), *([samples % 32] if samples % 32 else []))
    band = LossBand(subset=Subset(batches=batches), measured=loss, baseline=loss, limit=loss * 1.02, low=loss * 0.98)
    made = manifest(
        folder, band=band, job=SignedJob(nodes=1, gpus_per_node=1), inputs=(signed_file(folder / "best.ckpt"),)
    )
    (folder / "manifest.json").write_text(made.text)
    made.verdict_file.unlink(missing_ok=True)
    return made


def finetune(folder: Path, *arguments: str, launched: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM")}
    if launched:
        environment[MANIFEST_VARIABLE] = str(folder / "manifest.json")
    command = [sys.executable, "finetune.py", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_started_by_hand_it_is_not_guarded(signed: LaunchManifest) -> None:
    done = finetune(signed.verdict_file.parent, "forget", launched=False)
    assert done.returncode == 0, done.stderr
    assert not signed.verdict_file.exists()


def test_launched_as_signed_it_runs_and_stamps_its_checkpoint(signed: LaunchManifest) -> None:
    folder = signed.verdict_file.parent
    done = finetune(folder)
    assert done.returncode == 0, done.stderr
    verdict = GuardVerdict.model_validate_json(signed.verdict_file.read_bytes())
    assert verdict.state == "finished"
    assert signed.band is not None
    assert verdict.checks[0].loss == pytest.approx(signed.band.measured, abs=1e-4)
    stamp = torch.load(folder / "next.ckpt", weights_only=True)["aqboard_launch"]
    assert (stamp["seal"], stamp["attempt"], stamp["manifest"]) == (signed.seal, signed.attempt, signed.sha256)
    assert stamp["inputs"] == {"checkpoint.path": signed.inputs[0].sha256}
    assert stamp["first_loss"] == verdict.checks[0].loss


def test_launched_with_the_load_forgotten_it_stops_with_42(signed: LaunchManifest) -> None:
    done = finetune(signed.verdict_file.parent, "forget")
    assert done.returncode == 42, done.stderr
    assert "that was measured before the sign-off" in done.stderr
    assert GuardVerdict.model_validate_json(signed.verdict_file.read_bytes()).code == 42
