"""Launches whose forecast, data, baseline, training step or job is wrong."""

import json

import torch
from aqboard_reference.topoflow.lightning_module import TopoFlowModule
from aqboard_reference.topoflow.model import TopoFlow
from torch import nn

from aqboard.domain.readiness import State
from tests.gallery import changing
from tests.gallery.broken import LOSS, WEIGHTS, Broken, of

RANK_0_ONLY = '''
"""A start in which the first rank alone reads the checkpoint, and nobody sends it to the others."""

import torch
from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from aqboard_reference.target import ReferenceTarget


class Careless(ReferenceTarget):
    def start_rank(self, rank, world_size):
        module = self.build(self.scan())
        if rank == 0:
            file = read_checkpoint(self.plan.checkpoint.path)
            self.load(module, {key: torch.tensor(file.tensor(key)) for key in file.tensors})
        return module


def build(plan):
    return Careless(plan)
'''


def _rank_0_only(launch, monkeypatch):
    (launch.folder / "careless.py").write_text(RANK_0_ONLY)
    monkeypatch.syspath_prepend(launch.folder)
    return {"target": {"builder": "careless:build", "python_path": ["."]}}


def _other_normalisation(launch, monkeypatch):
    """Statistics computed again, on other years: every variable's mean moves."""
    document = json.loads((launch.folder / "stores" / "normalisation.json").read_text())
    for statistics in document["variables"].values():
        statistics["mean"] += 2 * statistics["std"]
    path = launch.folder / "other_normalisation.json"
    path.write_text(json.dumps(document))
    return changing.config(launch, "normalised", "data", normalisation=str(path))


def _two_variables_swapped(launch, monkeypatch):
    """so2 and no2 in each other's place."""
    names = list(TopoFlowModule.load_from_checkpoint(launch.folder / "baseline.ckpt").config.variables)
    a, b = names.index("so2"), names.index("no2")
    names[a], names[b] = names[b], names[a]
    return changing.config(launch, "swapped", "model", variables=names)


def _changed_input(change):
    """The model sees `change(x)` in the place of x."""

    def patch(launch, monkeypatch):
        forward = TopoFlow.forward
        monkeypatch.setattr(
            TopoFlow, "forward", lambda self, x, *rest, **options: forward(self, change(x), *rest, **options)
        )
        return {}

    return patch


def _without_pm10(x):
    return torch.cat([x[:, :5], torch.zeros_like(x[:, 5:6]), x[:, 6:]], dim=1)


def _centred_on_the_batch(x):
    pollutants = x[:, 5:10]
    return torch.cat([x[:, :5], pollutants - pollutants.mean(0, keepdim=True), x[:, 10:]], dim=1)


def _dropout_left_on(launch, monkeypatch):
    """A hand-written dropout that forgot about evaluation."""
    always = lambda self, x: nn.functional.dropout(x, self.p, training=True)  # noqa: E731
    monkeypatch.setattr(nn.Dropout, "forward", always)
    return {}


def _frozen_by_mistake(launch, monkeypatch):
    """An old line of an experiment that froze the positional embedding."""
    init = TopoFlow.__init__

    def freezes(self, config, normalisation, cache=None):
        init(self, config, normalisation, cache)
        self.climax.pos_embed.requires_grad_(False)

    monkeypatch.setattr(TopoFlow, "__init__", freezes)
    return {}


def _file_in_the_way(launch, monkeypatch):
    """The output folder's parent is a file."""
    (launch.folder / "taken").write_text("")
    return changing.config(launch, "unwritable", "", output=str(launch.folder / "taken" / "training"))


RUNS: tuple[Broken, ...] = (
    Broken(
        "lead times as a column",
        lambda *_: {"forward": {"lead_times_shape": "[B, 1]"}},
        "forward.shapes",
        "lead_times is [2, 1], the model wants [2]",
    ),
    Broken("dropout left on", _dropout_left_on, "forward.deterministic", "another forecast the second time", WEIGHTS),
    Broken(
        "inputs centred on their batch",
        _changed_input(_centred_on_the_batch),
        "forward.deterministic",
        "depends on the others in its batch",
        WEIGHTS,
    ),
    Broken(
        "a variable that never arrives",
        _changed_input(_without_pm10),
        "forward.counterfactuals",
        "pm10",
        LOSS | of("train.one_step"),
    ),
    Broken(
        "the new elevation bias does not start at nothing",
        lambda launch, _: changing.config(launch, "alpha", "model", elevation_alpha=5.0),
        "forward.counterfactuals",
        "It changes with new_parameters by",
        LOSS | of("checkpoint.configuration"),
        anew=("attribution",),
        state=State.READY,  # it warns: this model is too little trained for its loss to suffer
    ),
    Broken(
        "two variables in each other's place",
        _two_variables_swapped,
        "data.statistics",
        "2 of 15 variables are not in their places: no2 in place of so2, so2 in place of no2",
        WEIGHTS | of("checkpoint.configuration"),
    ),
    Broken(
        "data normalised with other statistics",
        _other_normalisation,
        "data.statistics",
        "15 of 15 variables are normalised otherwise than in the training",
        WEIGHTS | of("checkpoint.configuration"),
    ),
    Broken(
        "validated on a year of the training",
        lambda launch, _: changing.config(launch, "overlap", "data", train_years=[2018, 2019]),
        "data.periods",
        "Training and validation overlap: 2019",
        of("train.one_step"),
    ),
    Broken(
        "validated on what the checkpoint was trained on",
        lambda launch, _: changing.config(launch, "seen", "data", train_years=[2019], val_years=[2018]),
        "data.periods",
        "The checkpoint was trained on what the launch validates on: 2018",
        LOSS | of("train.one_step"),
    ),
    Broken(
        "a baseline from another run",
        lambda launch, _: {"baseline": {"val_loss": round(launch.val_loss / 3, 4)}},
        "baseline.agrees",
        "the checkpoint's own score is",
        LOSS | of("train.one_step"),
    ),
    Broken(
        "a parameter frozen by mistake",
        _frozen_by_mistake,
        "train.one_step",
        "pos_embed",
    ),
    Broken(
        "loaded on rank 0 only",
        _rank_0_only,
        "ranks.equal",
        "rank 1",
        anew=("ranks",),
    ),
    Broken(
        "half the nodes",
        lambda *_: {"cluster": {"nodes": 25}},
        "launch.agrees",
        "The training is configured for nodes 50, the job has 25",
    ),
    Broken(
        "checkpoints that cannot be written",
        _file_in_the_way,
        "environment.output",
        "taken",
        anew=("environment",),
    ),
    Broken(
        "the job starts with another configuration",
        lambda *_: {"cluster": {"command": ["python", "train.py", "--config", "older.yaml"]}},
        "launch.agrees",
        "The job starts with older.yaml; what was checked is finetune.yaml",
        state=State.READY,  # it warns: a command can name its configuration in ways that aqboard does not know
    ),
)
