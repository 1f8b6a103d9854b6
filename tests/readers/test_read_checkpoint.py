"""Checkpoints written by torch, read back without it."""

import numpy as np
import pytest
import torch

from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from aqboard.readers.errors import ReadError


def state_dict():
    torch.manual_seed(0)
    base = torch.randn(6, 4)
    return {
        "model.weight": base,
        "model.turned": base.t(),
        "model.part": base[2:5, 1:3],
        "model.expanded": torch.ones(1).expand(3, 5),
        "model.half": torch.randn(5).half(),
        "model.bfloat": torch.randn(7).bfloat16(),
        "model.index": torch.arange(6),
        "model.flag": torch.tensor([True, False]),
        "model.scalar": torch.tensor(0.25),
        "model.empty": torch.zeros(0, 3),
    }


@pytest.fixture(params=["zip", "legacy", "safetensors"])
def written(request, tmp_path):
    tensors = state_dict()
    path = tmp_path / f"file.{request.param}"
    if request.param == "safetensors":
        from safetensors.torch import save_file

        save_file({key: value.contiguous().clone() for key, value in tensors.items()}, path)
    else:
        torch.save({"state_dict": tensors, "epoch": 3}, path, _use_new_zipfile_serialization=request.param == "zip")
    return path, tensors


def test_every_tensor_is_read_as_torch_wrote_it(written):
    path, tensors = written
    with read_checkpoint(path) as checkpoint:
        assert set(checkpoint.keys) == set(tensors)
        for key, expected in tensors.items():
            spec = checkpoint.tensors[key]
            assert (spec.shape, f"torch.{spec.dtype}") == (tuple(expected.shape), str(expected.dtype))
            wide = expected.float() if expected.dtype is torch.bfloat16 else expected
            np.testing.assert_array_equal(checkpoint.tensor(key), wide.numpy())
            as_bytes = (
                expected.contiguous().view(torch.uint8) if expected.dim() else expected.reshape(1).view(torch.uint8)
            )
            assert checkpoint.raw(key) == bytes(as_bytes.flatten().tolist())


def test_parameters_and_metadata_of_a_module_saved_whole_are_symbols(tmp_path):
    path = tmp_path / "x.ckpt"
    content = {
        "state_dict": torch.nn.Linear(2, 2).state_dict(),
        "aqboard_provenance": {"scan_rule": "strip-sector", "score": torch.tensor(0.5)},
        "hyper_parameters": {"lr": 1e-3, "module": torch.nn.ReLU(), "bad": float("nan")},
    }
    torch.save(content, path)
    with read_checkpoint(path) as checkpoint:
        assert checkpoint.extra == {"aqboard_provenance": {"scan_rule": "strip-sector", "score": 0.5}}
        assert checkpoint.hyper_parameters["lr"] == 1e-3
        assert checkpoint.hyper_parameters["bad"] == "nan"
        assert checkpoint.hyper_parameters["module"]["class"] == "torch.nn.modules.activation.ReLU"
        assert any("ReLU" in warning for warning in checkpoint.document.warnings)


def test_a_bare_state_dict_has_no_metadata(tmp_path):
    path = tmp_path / "bare.pt"
    torch.save(torch.nn.Linear(3, 2).state_dict(), path)
    with read_checkpoint(path) as checkpoint:
        assert checkpoint.keys == ("weight", "bias")
        assert checkpoint.is_bare
        assert checkpoint.extra == checkpoint.hyper_parameters == {}


def test_a_file_without_tensors_says_what_it_holds(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"epoch": 3, "notes": "none"}, path)
    with pytest.raises(ReadError, match="'epoch', 'notes'") as caught:
        read_checkpoint(path)
    assert caught.value.code == "no-tensors"


def test_an_unknown_key_names_file_and_key(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"a": torch.ones(1)}, path)
    with read_checkpoint(path) as checkpoint, pytest.raises(ReadError, match=r"x\.pt has no tensor 'b'"):
        checkpoint.tensor("b")
