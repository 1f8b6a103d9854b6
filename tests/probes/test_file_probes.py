"""What the probes see of a checkpoint as a file: broken ones, its values, its settings, its optimizer."""

from pathlib import Path
from typing import Any

import pytest
import torch

from aqboard.checks.checkpoint_intact import CHECK as INTACT
from aqboard.domain.evidence_checkpoint import FileEvidence
from aqboard.domain.finding import Verdict
from aqboard.probes import Unavailable, checkpoint, checkpoint_file, configuration, health, optimizer
from aqboard.readers.errors import ReadError
from tests.tiny_launch import TinyLaunch

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5714471\n".format("4d7a" * 16)


def broken(launch: TinyLaunch, how: str) -> str:
    """A copy of the checkpoint with one thing wrong with it; its name."""
    name = f"{how}.ckpt"
    file = launch.folder / name
    whole = (launch.folder / "baseline.ckpt").read_bytes()
    if how == "pointer":
        file.write_text(POINTER)
    elif how == "truncated":
        file.write_bytes(whole[: len(whole) // 2])
    elif how == "page":
        file.write_text("<!DOCTYPE html><title>Sign in</title>")
    elif how == "cut-start":
        file.write_bytes(whole[4096:])
    return name


@pytest.mark.parametrize(
    ("how", "said", "remedy"),
    [
        ("pointer", "a Git LFS pointer, not the file itself", "git lfs pull"),
        ("truncated", "truncated.ckpt", "Copy the file again"),
        ("page", "a web page", "the right file?"),
        ("cut-start", "cut-start.ckpt", ""),
    ],
)
def test_a_broken_file_fails_the_first_check_in_words(
    probing: Any, launch: TinyLaunch, how: str, said: str, remedy: str
) -> None:
    context = probing(checkpoint={"path": broken(launch, how)})
    seen = checkpoint_file.measure(context)
    assert FileEvidence.model_validate(seen.model_dump(mode="json")) == seen
    found = INTACT.judge(context.plan, seen)
    assert found.verdict is Verdict.FAIL
    assert said in found.summary, found.summary
    assert remedy in found.remedy, (seen.refused, found.remedy)
    with pytest.raises(ReadError):
        checkpoint.measure(context)


def test_a_flipped_bit_is_seen_though_torch_loads_it(probing: Any, launch: TinyLaunch) -> None:
    context = probing()
    view = context.checkpoint.views["model.climax.pos_embed"]
    flipped = bytearray((launch.folder / "baseline.ckpt").read_bytes())
    flipped[view.storage.offset + 100] ^= 0x10
    (launch.folder / "flipped.ckpt").write_bytes(flipped)
    torch.load(launch.folder / "flipped.ckpt", weights_only=True)
    context = probing(checkpoint={"path": "flipped.ckpt"})
    found = INTACT.judge(context.plan, checkpoint_file.measure(context))
    assert (found.verdict, "1 of" in found.summary) == (Verdict.FAIL, True)


def test_the_checksums_are_read_once(probing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    context = probing()
    seen = checkpoint_file.measure(context)
    assert (seen.refused, seen.tensors, seen.integrity.verdict) == ("", 44, "ok")
    context.remember(seen)

    def never(_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(checkpoint, "check_integrity", never)
    assert checkpoint.measure(context).integrity == seen.integrity


def resaved(launch: TinyLaunch, name: str, change: Any) -> str:
    """The checkpoint loaded by torch, changed in place by `change`, and saved again."""
    content = torch.load(launch.folder / "baseline.ckpt", weights_only=True)
    change(content)
    torch.save(content, launch.folder / name)
    return name


def test_values_are_read_from_the_file(probing: Any, launch: TinyLaunch) -> None:
    assert not health.measure(probing()).report.faulty

    def poison(content: dict[str, Any]) -> None:
        content["state_dict"]["model.climax.norm.weight"][0] = float("nan")
        content["state_dict"]["model.climax.head.0.weight"].zero_()

    name = resaved(launch, "poisoned.ckpt", poison)
    report = health.measure(probing(checkpoint={"path": name})).report
    assert [tensor.key for tensor in report.faulty] == ["model.climax.norm.weight"]
    (zero,) = (t for t in report.tensors if t.key == "model.climax.head.0.weight")
    assert (zero.constant, zero.zero_share) == (True, 1.0)


def test_saved_and_planned_settings_lie_side_by_side(probing: Any) -> None:
    seen = configuration.measure(probing())
    assert seen.saved["model.heads"] == seen.launch["model.heads"] == 2
    assert (seen.saved["model.elevation_bias"], seen.launch["model.elevation_bias"]) == (False, True)
    assert "model.heads" in seen.must_agree
    assert not {"model.scan_rule", "model.elevation_bias"} & set(seen.must_agree)
    other = configuration.measure(probing(scan={"layout": "compat"}))
    assert other.launch["model.scan_layout"] == "compat", "the plan's, not the configuration's"


class Plain:
    """A target that says nothing of its settings; what it builds may."""

    def __init__(self, **attributes: object) -> None:
        self.attributes = attributes

    def build(self, scan: object = None) -> torch.nn.Module:
        module = torch.nn.Linear(1, 1)
        for name, value in self.attributes.items():
            setattr(module, name, value)
        return module


def test_a_modules_own_hparams_serve_where_the_target_says_nothing(probing: Any) -> None:
    context = probing()
    context.target = Plain(hparams={"hidden": 12, "net": {"act": "gelu"}, "size": (1, 2), "path": Path("a"), (1, 2): 3})
    seen = configuration.measure(context)
    assert seen.launch == {"hidden": 12, "net.act": "gelu", "size": [1, 2], "path": "a"}
    assert seen.must_agree == ()
    context.target = Plain()
    assert configuration.measure(context).launch == {}


RESUME = {"checkpoint": {"resume_optimizer": True}}


def test_an_optimizer_is_built_only_to_be_resumed(probing: Any) -> None:
    seen = optimizer.measure(probing())
    assert seen.built is None
    assert (len(seen.saved), seen.schedulers) == (1, 1)
    counts = [group.params for group in seen.saved[0].groups]
    assert len(seen.saved_shapes[0]) == sum(counts)
    resumed = optimizer.measure(probing(**RESUME))
    assert resumed.built is not None
    ((matrices, others),) = resumed.built
    assert len(matrices.shapes) == counts[0]
    assert len(others.shapes) == counts[1] + 1, "elevation_alpha is new"
    assert list(seen.saved_shapes[0][: counts[0]]) == list(matrices.shapes)
    assert matrices.lr == seen.saved[0].groups[0].settings["initial_lr"]


def test_resuming_needs_a_target_that_says_how_it_trains(probing: Any) -> None:
    context = probing(**RESUME)
    context.target = Plain()
    with pytest.raises(Unavailable, match="optimizers"):
        optimizer.measure(context)


def test_a_checkpoint_of_weights_alone_has_no_optimizer(probing: Any, launch: TinyLaunch) -> None:
    name = resaved(launch, "weights_only.ckpt", lambda content: content.pop("optimizer_states"))
    seen = optimizer.measure(probing(checkpoint={"path": name, "resume_optimizer": True}))
    assert (seen.saved, seen.saved_shapes) == ((), ())
    bare = launch.folder / "bare.ckpt"
    torch.save(torch.load(launch.folder / "baseline.ckpt", weights_only=True)["state_dict"], bare)
    assert optimizer.measure(probing(checkpoint={"path": "bare.ckpt"})).saved_shapes == ()
    assert not configuration.measure(probing(checkpoint={"path": "bare.ckpt"})).saved
