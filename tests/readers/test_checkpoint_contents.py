"""Facts, integrity, health and differences of checkpoints that a real training wrote."""

import math
import warnings
import zipfile
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset

from aqboard.readers.checkpoints.bits import differing_tensors
from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from aqboard.readers.checkpoints.checkpoint_diff import diff_checkpoints, diff_settings
from aqboard.readers.checkpoints.checkpoint_facts import best_score
from aqboard.readers.checkpoints.health import tensor_health
from aqboard.readers.checkpoints.integrity import check_integrity, tensor_digests


class Tiny(lightning.LightningModule):
    """A linear layer that learns, and one that the loss never sees."""

    def __init__(self, lr=0.01, scan=None):
        super().__init__()
        self.save_hyperparameters()
        self.used = torch.nn.Linear(32, 16)
        self.idle = torch.nn.Linear(32, 16)

    def training_step(self, batch, index):
        return self.used(batch[0]).square().mean() + 0 * self.idle(batch[0]).sum()

    def validation_step(self, batch, index):
        self.log("val_loss", self.used(batch[0]).square().mean())

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.hparams.lr, weight_decay=0.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The checkpoint a short real training saved."""
    folder = tmp_path_factory.mktemp("trained")
    torch.manual_seed(1)
    data = DataLoader(TensorDataset(torch.randn(32, 32)), batch_size=8)
    keep = ModelCheckpoint(folder, monitor="val_loss", filename="best-val_loss_{val_loss:.4f}-step_{step}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            max_epochs=2, accelerator="cpu", logger=False, callbacks=[keep], enable_progress_bar=False
        )
        trainer.fit(Tiny(scan={"rule": "strip-sector", "sectors": 16}), data, data)
    return keep.best_model_path, float(keep.best_model_score)


def saved(tmp_path, name="x.ckpt", **tensors):
    path = tmp_path / name
    torch.save({"state_dict": tensors}, path)
    return path


def test_facts_are_those_of_the_training(trained):
    path, score = trained
    with read_checkpoint(path) as checkpoint:
        summary = checkpoint.summary()
    assert (summary.epoch, summary.global_step, len(summary.tensors)) == (1, 8, 4)
    assert summary.parameters == 2 * (32 * 16 + 16)
    assert summary.hyper_parameters == {"lr": 0.01, "scan": {"rule": "strip-sector", "sectors": 16}}
    assert (summary.best.monitor, summary.best.agrees) == ("val_loss", True)
    assert summary.best.of_this_file == summary.best.best == pytest.approx(score)
    (optimizer,) = summary.optimizers
    assert (optimizer.groups[0].params, optimizer.groups[0].settings["lr"], optimizer.step) == (4, 0.01, 8.0)
    assert summary.loops["fit_loop"]
    assert summary.lightning_version == lightning.__version__
    assert summary.warnings == ()


@pytest.mark.parametrize(
    ("name", "score", "agrees"),
    [
        ("best-val_loss_val_loss=0.3557-step_step=311.ckpt", 0.35568, True),
        ("best-val_loss_val_loss=0.3557-step_step=311.ckpt", 0.964, False),
        ("best-val_loss=0.36.ckpt", 0.3557, True),
        ("epoch=3-step=311.ckpt", 0.3557, None),
    ],
)
def test_the_file_name_is_held_against_the_score(name, score, agrees):
    state = {"monitor": "val_loss", "best_model_score": 0.1, "best_k_models": {f"/old/place/{name}": score}}
    found = best_score(name, {"ModelCheckpoint": state})
    assert (found.of_this_file, found.agrees) == (score, agrees)


def test_checksums_find_one_flipped_bit(trained, tmp_path):
    path, _ = trained
    content = bytearray(Path(path).read_bytes())
    with read_checkpoint(path) as checkpoint:
        assert check_integrity(checkpoint).verdict == "ok"
        at = checkpoint.views["used.weight"].storage.offset
    content[at + 100] ^= 4
    damaged = tmp_path / "damaged.ckpt"
    damaged.write_bytes(content)
    with read_checkpoint(damaged) as checkpoint:
        report = check_integrity(checkpoint)
    assert (report.verdict, len(report.damaged)) == ("damaged", 1)
    torch.load(damaged, weights_only=True)  # torch itself sees nothing


def test_no_checksums_is_not_damage(tmp_path):
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        path = saved(tmp_path, weight=torch.randn(50))
    finally:
        torch.serialization.set_crc32_options(before)
    with read_checkpoint(path) as checkpoint:
        assert check_integrity(checkpoint).verdict == "no-checksums"


def test_a_layer_without_gradient_is_named(trained):
    with read_checkpoint(trained[0]) as checkpoint:
        health = {tensor.key: tensor for tensor in tensor_health(checkpoint).tensors}
    assert health["used.weight"].never_trained is None
    assert "no gradient" in health["idle.weight"].never_trained
    assert "no gradient" in health["idle.bias"].never_trained


@pytest.mark.parametrize("split", ["by shape", "in halves"])
def test_parameter_groups_are_told_apart_by_shape_or_not_at_all(tmp_path, split):
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.LayerNorm(3), torch.nn.Linear(4, 3))
    parameters = list(model.parameters())
    flat = [p for p in parameters if p.dim() == 1]
    groups = (
        [[p for p in parameters if p.dim() > 1], flat] if split == "by shape" else [parameters[::2], parameters[1::2]]
    )
    optimizer = torch.optim.AdamW([{"params": group} for group in groups], weight_decay=0.0)
    (model[1](model[0](torch.ones(2, 4)).square()) * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    for parameter in model[2].parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    path = tmp_path / "x.ckpt"
    torch.save({"state_dict": model.state_dict(), "optimizer_states": [optimizer.state_dict()]}, path)
    with read_checkpoint(path) as checkpoint:
        untouched = {tensor.key for tensor in tensor_health(checkpoint).tensors if tensor.never_trained}
    assert untouched == ({"2.weight", "2.bias"} if split == "by shape" else set())


def test_initial_values_are_recognised_without_an_optimizer(tmp_path):
    torch.manual_seed(0)
    layer = torch.nn.Linear(64, 64)
    path = saved(tmp_path, fresh=layer.weight, moved=layer.weight * 1.1, normal=torch.randn(64, 64) * 0.02)
    with read_checkpoint(path) as checkpoint:
        health = {tensor.key: tensor.never_trained for tensor in tensor_health(checkpoint).tensors}
    assert "evenly" in health["fresh"]
    assert health["moved"] is health["normal"] is None


def test_bad_values_are_counted(tmp_path):
    path = saved(
        tmp_path,
        nan=torch.tensor([1.0, math.nan, 2.0, math.inf]),
        only_nan=torch.tensor([math.nan]),
        zero=torch.zeros(6),
        constant=torch.full((3,), 7, dtype=torch.int64),
        bfloat=torch.tensor([0.5, -math.inf]).bfloat16(),
        large=torch.arange(5_000_000, dtype=torch.float32),
    )
    with read_checkpoint(path) as checkpoint:
        report = tensor_health(checkpoint)
    health = {tensor.key: tensor for tensor in report.tensors}
    assert (health["nan"].nan, health["nan"].inf, health["nan"].minimum) == (1, 1, 1.0)
    assert (health["only_nan"].nan, health["only_nan"].minimum) == (1, None)
    assert (health["zero"].zero_share, health["zero"].constant) == (1.0, True)
    assert health["constant"].constant
    assert health["bfloat"].inf == 1
    assert (health["large"].minimum, health["large"].maximum) == (0.0, 4_999_999.0)
    assert {tensor.key for tensor in report.faulty} == {"nan", "only_nan", "bfloat"}


def test_bits_tell_minus_zero_from_zero_and_accept_nan(tmp_path):
    path = saved(tmp_path, a=torch.tensor([0.0, math.nan]), big=torch.arange(700_000), turned=torch.randn(3, 4).t())
    with read_checkpoint(path) as checkpoint:
        arrays = {key: checkpoint.bits(key).copy() for key in checkpoint.keys}
        assert differing_tensors(checkpoint, arrays) == ()
        arrays["a"][0] = -0.0
        arrays["big"][-1] += 1
        arrays["turned"] = arrays["turned"].T
        assert differing_tensors(checkpoint, arrays) == ("a", "big", "turned")


def test_a_diff_says_what_changed_and_how_much(tmp_path):
    weight = torch.linspace(0, 1, 100)
    moved = weight.clone()
    moved[:25] += 0.5
    a = saved(tmp_path, "a.ckpt", same=torch.ones(3), w=weight, gone=torch.ones(1), shape=torch.ones(2))
    b = saved(tmp_path, "b.ckpt", same=torch.ones(3), w=moved, new=torch.ones(1), shape=torch.ones(3))
    with read_checkpoint(a) as first, read_checkpoint(b) as second:
        found = diff_checkpoints(first, second)
        digests = tensor_digests(first), tensor_digests(second)
    assert (found.equal, found.only_a, found.only_b, found.same_tensors) == (1, ("gone",), ("new",), False)
    changes = {change.key: change for change in found.changed}
    assert changes["w"].changed_share == 0.25
    assert changes["w"].max_abs_difference == pytest.approx(0.5)
    assert changes["shape"].changed_share is None
    assert digests[0]["same"] == digests[1]["same"]
    assert digests[0]["w"] != digests[1]["w"]


def test_settings_are_compared_as_values():
    a = {"lr": 1, "model": {"depth": 6, "rule": "strip"}, "old": None, "flag": True}
    b = {"lr": 1.0, "model": {"depth": 8, "rule": "strip"}, "new": [1], "flag": 1}
    found = [(change.path, change.side, change.a, change.b) for change in diff_settings(a, b)]
    assert found == [
        ("model.depth", "changed", 6, 8),
        ("old", "only-a", None, None),
        ("flag", "changed", True, 1),
        ("new", "only-b", None, [1]),
    ]


def test_a_zip_without_torch_inside_is_told_as_such(tmp_path):
    path = tmp_path / "x.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(Exception, match=r"x\.ckpt: This zip archive is neither torch's nor numpy's"):
        read_checkpoint(path)


def test_bfloat16_health_uses_real_values(tmp_path):
    path = saved(tmp_path, w=torch.tensor([1.5, -3.0]).bfloat16())
    with read_checkpoint(path) as checkpoint:
        (health,) = tensor_health(checkpoint).tensors
        np.testing.assert_array_equal(checkpoint.tensor("w"), [1.5, -3.0])
    assert (health.minimum, health.maximum) == (-3.0, 1.5)
