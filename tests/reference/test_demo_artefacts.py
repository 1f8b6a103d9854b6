"""The committed demo artefacts are what they say: the recorded loss comes out of the generated store again."""

import csv
import json
import re
from pathlib import Path

import pytest
import torch
from aqboard_reference.demo import artefacts
from aqboard_reference.topoflow.config import ModelConfig, load_train_config
from aqboard_reference.topoflow.data import AirQualityDataModule
from aqboard_reference.topoflow.generate import ensure_store
from aqboard_reference.topoflow.lightning_module import Batch, TopoFlowModule
from aqboard_reference.topoflow.normalisation import read_normalisation
from aqboard_reference.topoflow.provenance import KEY
from aqboard_reference.topoflow.real_size import real_size_artefacts

from aqboard.readers.caches.scan_cache import build_scan_cache, cache_digests, read_scan_cache

DEMO = artefacts.DEMO
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*"),
]
BASELINE = json.loads((DEMO / "baseline.json").read_text())
CHECKPOINT = DEMO / BASELINE["checkpoint"]


def test_the_baseline_is_far_better_than_untrained_and_than_persistence():
    assert BASELINE["val_loss"] < 0.2 * BASELINE["random_init_val_loss"]
    assert BASELINE["val_loss"] < BASELINE["persistence_val_loss"]
    assert f"val_loss={BASELINE['val_loss']:.4f}" in CHECKPOINT.name


def test_the_log_ends_where_the_baseline_begins():
    with (DEMO / "metrics.csv").open() as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file) if row["val_loss"]]
    assert len(losses) >= 10
    assert min(losses) == pytest.approx(BASELINE["val_loss"], rel=1e-3)


def test_the_recorded_losses_come_out_of_a_fresh_store(tmp_path):
    """All of the validation set as trained; two batches show that the other layout ruins the start."""
    config = load_train_config(DEMO / "train.yaml")
    ensure_store(tmp_path, BASELINE["val_years"][0], artefacts.WORLD)
    data_settings = config.data.model_copy(update={"root": tmp_path})
    data = AirQualityDataModule(data_settings, config.model)
    batches = [Batch(*batch) for batch in data.val_dataloader()]
    assert sum(len(batch.lead_times) for batch in batches) == BASELINE["validation_samples"]
    cache = read_scan_cache(DEMO / artefacts.CACHE)
    trained = TopoFlowModule.load_from_checkpoint(CHECKPOINT, map_location="cpu", cache=cache)
    assert artefacts.mean_loss(trained, batches) == pytest.approx(BASELINE["val_loss"], rel=1e-3)

    displaced = config.model.model_copy(update={"scan_layout": "compat"})
    wrong = TopoFlowModule(displaced, data.normalisation, cache=cache)
    wrong.load_state_dict(trained.state_dict())
    assert artefacts.mean_loss(wrong, batches[:2]) > 2.5 * artefacts.mean_loss(trained, batches[:2])


def test_the_checkpoint_tells_its_making_and_nothing_of_the_machine():
    checkpoint = torch.load(CHECKPOINT, weights_only=True)
    names = set(checkpoint["state_dict"])
    assert len(names) == 92
    assert all(name.startswith("model.") for name in names)
    stamp = checkpoint[KEY]
    assert stamp["scan_cache"]["content"] == cache_digests(read_scan_cache(DEMO / artefacts.CACHE)).content
    assert stamp["scan_cache"]["path"] == artefacts.CACHE
    assert stamp["normalisation_digest"] == read_normalisation(DEMO / "normalisation.json").digest(
        load_train_config(DEMO / "train.yaml").model.variables
    )
    told = {key: value for key, value in checkpoint.items() if key not in ("state_dict", "optimizer_states")}
    assert not re.search(r"['\"](/|[A-Z]:\\\\)", repr(told)), "an absolute path"


def test_the_three_caches_are_one_content_and_another():
    own, same, other = (
        cache_digests(read_scan_cache(DEMO / name))
        for name in (artefacts.CACHE, artefacts.SAME_CACHE, artefacts.OTHER_CACHE)
    )
    assert own == same
    assert (DEMO / artefacts.CACHE).read_bytes() != (DEMO / artefacts.SAME_CACHE).read_bytes()
    assert own.metadata == other.metadata
    assert own.regional_orders != other.regional_orders


def test_a_build_leaves_everything_a_plan_needs(tmp_path, monkeypatch):
    """The whole builder on a tiny world and model."""
    monkeypatch.setattr(artefacts, "WORLD", artefacts.World(img_h=16, img_w=32, hours=30, spin_up_h=3, num_cities=4))
    (tmp_path / "train.yaml").write_text(
        "model: {img_h: 16, img_w: 32, embed_dim: 8, depth: 1, heads: 1, regions_h: 2, regions_w: 2}\n"
        "data: {root: stores, normalisation: normalisation.json, train_years: [2018], val_years: [2019], "
        "lead_hours: [12]}\n"
        "scan_cache: scan_cache.pkl\nmax_steps: 2\nval_every_steps: 1\nlog_every_steps: 1\naccelerator: cpu\n"
    )
    (tmp_path / "old.ckpt").touch()
    said: list[str] = []
    checkpoint = artefacts.build(tmp_path, said.append)
    assert checkpoint.parent == tmp_path
    assert [path.name for path in tmp_path.glob("*.ckpt")] == [checkpoint.name]
    facts = json.loads((tmp_path / "baseline.json").read_text())
    assert f"val_loss={facts['val_loss']:.4f}" in checkpoint.name
    assert any("2019" in line for line in said)
    told = {k: v for k, v in torch.load(checkpoint, weights_only=True).items() if k not in ("state_dict",)}
    assert str(tmp_path) not in repr(told)
    assert artefacts.ensure_validation_store(tmp_path, say=said.append) == tmp_path / "stores"


@pytest.mark.slow
def test_real_size_artefacts(tmp_path: Path):
    paths = real_size_artefacts(tmp_path, read_normalisation(DEMO / "normalisation.json"))
    expected = cache_digests(build_scan_cache(64, 128))
    assert [cache_digests(read_scan_cache(path)) for path in paths[:2]] == [expected, expected]
    assert 6.0e6 < paths[0].stat().st_size < 7.5e6
    checkpoint = torch.load(paths[2], weights_only=True, mmap=True)
    assert len(checkpoint["state_dict"]) == 92
    assert sum(tensor.numel() for tensor in checkpoint["state_dict"].values()) == 52_481_340 + len(
        ModelConfig().targets
    )
