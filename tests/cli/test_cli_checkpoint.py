"""`aqboard checkpoint` from the outside."""

import json
import re

import pytest
import torch
import typer
from typer.testing import CliRunner

from aqboard.cli import checkpoint

app = typer.Typer()
app.add_typer(checkpoint.app, name="checkpoint")


def run(*arguments):
    return CliRunner().invoke(app, ["checkpoint", *(str(argument) for argument in arguments)])


def save(path, prefix="model.", scale=1.0, name_score=0.3557):
    torch.manual_seed(0)
    layer = torch.nn.Linear(4, 3)
    state = {f"{prefix}{key}": scale * value for key, value in layer.state_dict().items()}
    callbacks = {
        "ModelCheckpoint": {
            "monitor": "val_loss",
            "best_model_score": torch.tensor(name_score),
            "best_k_models": {f"/elsewhere/{path.name}": torch.tensor(name_score)},
            "best_model_path": f"/elsewhere/{path.name}",
        }
    }
    torch.save({"state_dict": state, "epoch": 7, "global_step": 311, "callbacks": callbacks}, path)
    return path


def test_inspect_reads_facts_and_checks_on_demand(tmp_path):
    path = save(tmp_path / "best-val_loss_val_loss=0.3557-step_step=311.ckpt")
    done = run("inspect", path, "--crc", "--health")
    assert done.exit_code == 0, done.output
    facts = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines() if "  " in line.strip())
    assert (facts["epoch"], facts["step"], facts["these two agree"]) == ("7", "311", "✔ yes")
    assert facts["checksums"] == "✔ every record's checksum is right"
    assert "1 x model.weight" in done.stdout and "All 2 are sound" in done.stdout
    document = json.loads(run("inspect", path, "--json").stdout)
    assert document["tensors"]["model.weight"] == {"shape": [3, 4], "dtype": "float32"}
    assert document["integrity"] is None


def test_a_score_that_contradicts_the_name_is_a_fault(tmp_path):
    path = save(tmp_path / "best-val_loss=0.3557.ckpt", name_score=0.964)
    done = run("inspect", path)
    assert (done.exit_code, bool(re.search("these two agree +✘ no", done.stdout))) == (1, True)


def test_nan_is_a_fault(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"w": torch.tensor([1.0, float("nan")])}, path)
    done = run("inspect", path, "--health")
    assert (done.exit_code, bool(re.search("w +2 +✘ 1 NaN", done.stdout))) == (1, True)


def test_diff_exit_codes(tmp_path):
    a, b, c = save(tmp_path / "a.ckpt"), save(tmp_path / "b.ckpt"), save(tmp_path / "c.ckpt", scale=2.0)
    assert run("diff", a, b).exit_code == 0
    done = run("diff", a, c)
    assert done.exit_code == 1
    assert "model.weight" in done.stdout
    assert json.loads(run("diff", a, c, "--json").stdout)["equal"] == 0


def test_align_with_a_list_of_keys_shows_the_snippet(tmp_path):
    path = save(tmp_path / "a.ckpt")
    specs = {"weight": {"shape": [3, 4], "dtype": "float32"}, "bias": {"shape": [3], "dtype": "float32"}}
    model = tmp_path / "model.json"
    model.write_text(json.dumps(specs))
    done = run("align", path, model)
    assert done.exit_code == 1
    for text in ("2/2", "strip model.", "key = key[6:]", "load_state_dict"):
        assert text in done.stdout
    assert run("align", path, save(tmp_path / "b.ckpt")).exit_code == 0


@pytest.mark.parametrize("content", ["[]", "{", '{"a": {"shape": "wide", "dtype": "float32"}}'])
def test_a_list_of_keys_that_is_none_is_one_sentence(tmp_path, content):
    model = tmp_path / "model.json"
    model.write_text(content)
    done = run("align", save(tmp_path / "a.ckpt"), model, "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["code"] == "wrong-format"
    assert "is not a list of keys" in done.stderr


def test_a_truncated_checkpoint_is_one_sentence(tmp_path):
    path = save(tmp_path / "a.ckpt")
    path.write_bytes(path.read_bytes()[:-100])
    done = run("inspect", path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "cut short" in done.stderr
