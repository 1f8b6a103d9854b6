"""Ten-line targets on modules of several kinds: what can be found out is, and what cannot is asked for."""

from collections import namedtuple
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from aqboard.domain.errors import TargetError
from aqboard.domain.evidence import LoadEvidence
from aqboard.probes import Context, forward, load, scan
from aqboard.probes.simple import SimpleTarget
from aqboard.probes.target import Forwards, Loads, Persists, ScansWind, Target, Trains, Unavailable, able
from tests import samples

X, Y = torch.arange(12.0).reshape(4, 3), torch.ones(4, 1)


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out


def steps(module: Any, batch: Any) -> Tensor:
    """What a validation step computes, whatever class it belongs to."""
    return (module.inner(batch[0]) - batch[1]).square().mean()


class Old(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Plain()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.inner(x)
        return out

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", steps(self, batch), sync_dist=True)


class New(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Plain()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.inner(x)
        return out

    def validation_step(self, batch: Any, index: int) -> dict[str, Tensor]:
        loss = steps(self, batch)
        self.log_dict({"val/mse": loss, "val/mae": loss.sqrt()})
        return {"loss": loss}


def plan(**sections: Any) -> Any:
    document = samples.plan_document(target={"builder": "mine:build"}, **sections)
    del document["scan"]
    return type(samples.plan()).model_validate(document)


def target(module: Any, **keywords: Any) -> SimpleTarget:
    sections = keywords.pop("sections", {})
    return SimpleTarget(plan(**sections), module, lambda: [(X, Y), (X[:2], Y[:2])], **keywords)


def test_it_is_a_target_that_loads_and_forwards_and_no_more_than_it_was_told() -> None:
    made = target(Plain, loss=lambda m, b: (m(b[0]) - b[1]).square().mean())
    for ability in (Target, Loads, Forwards):
        able(made, ability)
    assert not isinstance(made, ScansWind | Persists)
    with pytest.raises(Unavailable, match=r"`grid`.*docs/your_own_model.md"):
        able(made, ScansWind)
    assert isinstance(target(Plain, persistence=lambda b: b[1].mean()), Persists)


def test_every_build_has_the_same_random_weights_in_eval_mode() -> None:
    made = target(Plain)
    one, other = made.build(), made.build()
    assert one is not other
    assert not one.training
    assert torch.equal(one.layer.weight, other.layer.weight)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("kind", "loss"), [(Old, "val_loss"), (New, "val_loss"), (New, "val/mse")], ids=["logged", "returned", "named"]
)
def test_the_loss_is_the_modules_own_whichever_lightning_it_comes_from(kind: Any, loss: str) -> None:
    made = target(kind, loss=loss)
    module = made.build()
    for batch in made.validation_batches():
        assert made.loss(module, batch) == steps(module, batch)
    assert "log" not in vars(module), "nothing of the watching stays behind"


def test_a_loss_that_nothing_tells_is_asked_for() -> None:
    with pytest.raises(Unavailable, match="no `validation_step`; give the target a `loss` function"):
        target(Plain).loss(Plain(), (X, Y))

    class Silent(Plain):
        def validation_step(self, batch: Any, index: int) -> None:
            del batch, index

    with pytest.raises(Unavailable, match="logs nothing and returns no loss"):
        target(Silent).loss(Silent(), (X, Y))


Pair = namedtuple("Pair", ["y", "x"])


@pytest.mark.parametrize(
    "batch", [(X, Y), [X, Y], {"y": Y, "x": X}, Pair(y=Y, x=X), X], ids=["tuple", "list", "dict", "named", "tensor"]
)
def test_inputs_are_matched_with_the_parameters_of_forward(batch: Any) -> None:
    inputs = target(Plain).inputs(batch)
    assert list(inputs) == ["x"]
    assert inputs["x"] is X
    assert target(Plain).size(batch) == 4


def test_inputs_that_do_not_fit_are_asked_for() -> None:
    class Greedy(Plain):
        def forward(self, batch: Any, lead_times: Tensor) -> Tensor:  # type: ignore[override]
            return super().forward(batch)

    with pytest.raises(Unavailable, match=r"Greedy.forward\(batch, lead_times\).*`inputs` function"):
        target(Greedy).inputs((X,))
    with pytest.raises(Unavailable, match="holds no tensor"):
        target(Plain).size(["a", "b"])


def test_lead_times_become_a_column_where_the_plan_says_so() -> None:
    column = target(Plain, sections={"forward": {"lead_times_shape": "[B, 1]"}})
    inputs = {"x": X, "lead_times": torch.ones(4)}
    assert column.planned_inputs(inputs)["lead_times"].shape == (4, 1)
    assert column.planned_inputs({"x": X}).keys() == {"x"}
    assert target(Plain).planned_inputs(inputs)["lead_times"].shape == (4,)


def test_the_inner_model_is_the_one_module_that_is_wrapped() -> None:
    inner = target(Old, sections={"checkpoint": {"path": "a.ckpt", "load_into": "inner_model"}})
    module = inner.build()
    assert isinstance(inner.receiver(module), Plain)
    assert target(Old).receiver(module) is module
    with pytest.raises(TargetError, match="wraps 2 modules"):
        inner.receiver(nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)))


class Trained(Old):
    """Each test gives the optimizers in another of the forms that Lightning takes."""

    form: Any = staticmethod(lambda optimizer, schedule: optimizer)

    def training_step(self, batch: Any, index: int) -> Tensor:
        loss = 2 * steps(self, batch)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        return self.form(optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 1))


@pytest.mark.parametrize(
    "form",
    [
        lambda optimizer, schedule: optimizer,
        lambda optimizer, schedule: [optimizer],
        lambda optimizer, schedule: ([optimizer], [schedule]),
        lambda optimizer, schedule: {"optimizer": optimizer, "lr_scheduler": schedule},
        lambda optimizer, schedule: ({"optimizer": optimizer},),
    ],
    ids=["one", "list", "two lists", "mapping", "tuple of mappings"],
)
def test_a_training_step_is_the_modules_own(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trained, "form", staticmethod(form))
    assert not isinstance(target(Trained), Trains)
    made: Any = target(Trained, train_batches=lambda: [(X, Y)] * 5)
    able(made, Trains)
    module = made.build()
    (optimizer,) = made.optimizers(module)
    assert isinstance(optimizer, torch.optim.SGD)
    assert len(made.train_data().batches) == 2
    assert made.training_loss(module, (X, Y)) == 2 * steps(module, (X, Y))


def test_a_step_that_the_module_lacks_is_asked_for() -> None:
    made: Any = target(Plain, train_batches=lambda: [(X, Y)])
    with pytest.raises(Unavailable, match="no `configure_optimizers`; add `optimizers`"):
        made.optimizers(made.build())
    with pytest.raises(Unavailable, match="no `training_step`"):
        made.training_loss(made.build(), (X, Y))


def test_no_batches_are_told() -> None:
    with pytest.raises(TargetError, match="no validation batches"):
        SimpleTarget(plan(), Plain, lambda: []).validation_batches()


BUILDER = """
import torch
from torch import nn
from aqboard.probes.simple import SimpleTarget
import helper_of_{name}


def build(plan):
    batches = [(torch.ones(4, 3), torch.ones(4, 1))]
    loss = lambda module, batch: (module(batch[0]) - batch[1]).square().mean()
    return SimpleTarget(plan, helper_of_{name}.make, lambda: batches, loss)
"""


def context(folder: Path, name: str, **target_section: Any) -> Context:
    """An attempt on a module that lies in a folder of its own, outside any package."""
    from aqboard.sessions.freeze import freeze
    from aqboard.sessions.plan_file import read_plan

    (folder / "code").mkdir()
    (folder / "code" / f"target_of_{name}.py").write_text(BUILDER.format(name=name))
    (folder / "code" / f"helper_of_{name}.py").write_text(
        "from pathlib import Path\nfrom torch import nn\nassert Path('code').is_dir(), 'the working directory'\n"
        "def make():\n    return nn.Linear(3, 1)\n"
    )
    section = {"builder": f"target_of_{name}:build", "python_path": ["code"], "workdir": ".", **target_section}
    file = samples.write_plan(folder, target=section)
    text = file.read_text()
    file.write_text(text[: text.index("scan:\n")] + text[text.index("data:\n") :])
    plan, text = read_plan(file)
    torch.save({"state_dict": nn.Linear(3, 1).state_dict()}, plan.checkpoint.path)
    return Context(freeze(plan, text, ()))


@pytest.fixture
def _path_put_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The probe process is thrown away; this one is not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("_path_put_back")
def test_python_path_and_working_directory_are_those_of_the_plan(tmp_path: Path) -> None:
    shared = context(tmp_path, "good")
    seen = load.measure(shared)
    assert isinstance(seen, LoadEvidence)
    assert (seen.module, len(seen.bit_equal)) == ("Linear", 2)
    assert forward.measure(shared).output == (4, 1)
    with pytest.raises(Unavailable, match="ScansWind"):
        scan.measure(shared)


@pytest.mark.usefixtures("_path_put_back")
@pytest.mark.parametrize(
    ("section", "said"),
    [({"workdir": "gone"}, "target.workdir"), ({"builder": "target_of_{name}:missing"}, "target.builder")],
)
def test_what_cannot_be_reached_is_told_by_its_key(tmp_path: Path, section: dict[str, str], said: str) -> None:
    name = said.partition(".")[2]
    section = {key: value.format(name=name) for key, value in section.items()}
    with pytest.raises(TargetError, match=said):
        _ = context(tmp_path, name, **section).target
