"""One tiny training end to end: checkpoint, CSV log, provenance, and loading it all again."""

import csv
import dataclasses
import math
import re
from pathlib import Path

import pytest
import torch
from aqboard_reference.topoflow import provenance
from aqboard_reference.topoflow.cache_file import write_scan_cache
from aqboard_reference.topoflow.config import TrainConfig
from aqboard_reference.topoflow.data import AirQualityDataModule
from aqboard_reference.topoflow.errors import ScanError
from aqboard_reference.topoflow.lightning_module import Batch, TopoFlowModule, learning_rate_share, masked_mse
from aqboard_reference.topoflow.train import main, train
from typer import Typer
from typer.testing import CliRunner

from aqboard.readers.caches.scan_cache import build_scan_cache, cache_digests
from tests.reference.test_wind_scanner import config_for

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*"),
    pytest.mark.filterwarnings("ignore:.*Checkpoint directory"),
]


def rows(log: Path) -> list[dict[str, str]]:
    with log.open() as file:
        return list(csv.DictReader(file))


def with_cache(training: TrainConfig, tmp_path: Path, *, mirrored: bool = False) -> TrainConfig:
    model = training.model
    cache = build_scan_cache(model.grid_h, model.grid_w, regions_h=model.regions_h, regions_w=model.regions_w)
    if mirrored:
        cache = dataclasses.replace(cache, regional_orders=cache.regional_orders[:, :, ::-1].copy())
    write_scan_cache(cache, tmp_path / "cache.pkl")
    return training.model_copy(update={"scan_cache": tmp_path / "cache.pkl"})


def test_a_training_leaves_checkpoint_log_and_stamp(training, tmp_path):
    config = with_cache(training, tmp_path)
    path = train(config, progress=False)

    log = rows(next(tmp_path.rglob("metrics.csv")))
    losses = [float(row["val_loss"]) for row in log if row["val_loss"]]
    assert [int(row["step"]) for row in log if row["val_loss"]] == [1, 3]
    assert sum(bool(row["train_loss"]) for row in log) == 4
    named = re.fullmatch(r"best-val_loss_val_loss=(\d\.\d{4})-step_step=(2|4)\.ckpt", path.name)
    assert named
    assert float(named[1]) == pytest.approx(min(losses), abs=6e-5)

    checkpoint = torch.load(path, weights_only=True)
    assert all(key.startswith("model.") for key in checkpoint["state_dict"])
    stamp = checkpoint[provenance.KEY]
    digests = cache_digests(TopoFlowModule.load_from_checkpoint(path).model.scanner.cache)
    assert stamp["scan_cache"] == {"path": str(tmp_path / "cache.pkl"), **digests.model_dump()}
    assert (stamp["scan_rule"], stamp["scan_layout"]) == ("strip-sector", "corrected")
    assert stamp["period"] == {"train_years": [2018], "val_years": [2019]}
    assert stamp["packages"]["torch"] == torch.__version__
    data = AirQualityDataModule(config.data, config.model)
    assert stamp["normalisation_digest"] == data.normalisation.digest(config.model.variables)
    assert stamp["git_commit"] is None or re.fullmatch(r"[0-9a-f]{40}(\+changes)?", stamp["git_commit"])


def test_the_recorded_val_loss_comes_out_again(training):
    path = train(training, progress=False)
    module = TopoFlowModule.load_from_checkpoint(path).eval()
    data = AirQualityDataModule(training.data, training.model)
    with torch.no_grad():
        losses = [(float(module.loss(Batch(*batch))), len(batch[0])) for batch in data.val_dataloader()]
    again = sum(loss * size for loss, size in losses) / sum(size for _, size in losses)
    recorded = float(torch.load(path, weights_only=True)["callbacks"][best_score_key(path)]["best_model_score"])
    assert again == pytest.approx(recorded, rel=1e-5)


def best_score_key(path: Path) -> str:
    return next(key for key in torch.load(path, weights_only=True)["callbacks"] if key.startswith("ModelCheckpoint"))


def test_training_reduces_the_loss_on_what_it_saw(training):
    config = training.model_copy(
        update={
            "model": training.model.model_copy(update={"drop_rate": 0.0, "drop_path": 0.0}),
            "data": training.data.model_copy(update={"val_years": (2018,)}),
            "optimiser": training.optimiser.model_copy(update={"lr": 1e-2}),
            "max_steps": 60,
            "val_every_steps": 60,
        }
    )
    module = TopoFlowModule.load_from_checkpoint(train(config, progress=False))
    untrained = TopoFlowModule(module.config, module.normalisation)
    batch = Batch(*next(iter(AirQualityDataModule(config.data, config.model).val_dataloader())))
    with torch.no_grad():
        after, before = float(module.eval().loss(batch)), float(untrained.eval().loss(batch))
    assert after < 0.7 * before


def test_the_same_seed_trains_the_same_weights(training):
    one, two = (torch.load(train(training, progress=False), weights_only=True)["state_dict"] for _ in range(2))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_baseline_loads_into_the_fine_tuning_model_all_but_the_two_new_tensors(training):
    state = torch.load(train(training, progress=False), weights_only=True)["state_dict"]
    data = AirQualityDataModule(training.data, training.model)
    tuned = TopoFlowModule(training.model.model_copy(update={"elevation_bias": True}), data.normalisation)
    missing, unexpected = tuned.load_state_dict(state, strict=False)
    assert unexpected == []
    assert sorted(missing) == [f"model.climax.blocks.0.attn.{name}" for name in ("H_scale", "elevation_alpha")]
    baseline = TopoFlowModule(training.model, data.normalisation)
    baseline.load_state_dict(state)
    batch = Batch(*next(iter(data.val_dataloader())))
    with torch.no_grad():
        torch.testing.assert_close(tuned.eval().loss(batch), baseline.eval().loss(batch), rtol=1e-6, atol=1e-7)


def test_a_checkpoint_trained_with_another_cache_asks_for_it(training, tmp_path):
    config = with_cache(training, tmp_path, mirrored=True)
    path = train(config, progress=False)
    with pytest.raises(ScanError, match=r"was trained with the scan cache .*cache.pkl .*pass that cache"):
        TopoFlowModule.load_from_checkpoint(path)
    formula = config_for("strip-sector", (8, 16, 4, 4))
    candidate = build_scan_cache(formula.grid_h, formula.grid_w, regions_h=4, regions_w=4)
    assert TopoFlowModule.load_from_checkpoint(path, cache=candidate).model.scanner.cache is candidate


def test_the_command_prints_the_checkpoint_or_one_sentence(training, tmp_path):
    app = Typer()
    app.command()(main)
    path = tmp_path / "train.yaml"
    root = training.data.root
    path.write_text(
        f"data: {{root: {root}, train_years: [2018], val_years: [2019], lead_hours: [12]}}\n"
        "model: {img_h: 16, img_w: 32, embed_dim: 8, depth: 1, heads: 1, regions_h: 2, regions_w: 2}\n"
        "max_steps: 2\nval_every_steps: 1\nlog_every_steps: 1\naccelerator: cpu\n"
    )
    good = CliRunner().invoke(app, [str(path)])
    assert good.exit_code == 0, good.output
    assert Path(good.stdout.strip().splitlines()[-1]).is_file()

    path.write_text(path.read_text().replace("[2019]", "[2031]"))
    bad = CliRunner().invoke(app, [str(path)])
    assert bad.exit_code == 2
    assert bad.stderr.startswith(f"error: The store for 2031 is missing: {root}")


def test_masked_mse_counts_only_what_was_observed():
    forecast = torch.tensor([1.0, 2.0, 5.0])
    assert float(masked_mse(forecast, torch.tensor([0.0, float("nan"), 3.0]))) == pytest.approx((1 + 4) / 2)
    assert math.isnan(float(masked_mse(forecast, torch.full((3,), float("nan"))))), "no evidence is not a loss of 0"
    parameter = forecast.clone().requires_grad_()
    masked_mse(parameter, torch.tensor([0.0, float("nan"), float("inf")])).backward()
    assert parameter.grad.tolist() == [2.0, 0.0, 0.0]


def test_learning_rate_warms_up_and_falls(training):
    config = training.optimiser.model_copy(update={"warmup_steps": 10, "final_share": 0.1})
    shares = [learning_rate_share(step, 100, config) for step in range(101)]
    assert shares[0] == pytest.approx(0.1)
    assert max(shares) == shares[9] == shares[10] == 1.0
    assert shares[10:] == sorted(shares[10:], reverse=True)
    assert shares[100] == pytest.approx(0.1)
