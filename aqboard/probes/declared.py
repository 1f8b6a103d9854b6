"""What this launch's training declares, next to what the checkpoint recorded: settings, optimizer, data and job."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue
from torch import nn
from torch.optim import Optimizer

from aqboard.domain.evidence.checkpoint import BuiltGroup, CheckpointEvidence, ConfigurationEvidence, OptimizerEvidence
from aqboard.domain.evidence.data import DataEvidence
from aqboard.domain.evidence.training import TrainingEvidence
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Configures, DescribesTraining, KnowsData, Trains, Unavailable
from aqboard.probes.team_code import able
from aqboard.readers.checkpoints.checkpoint_diff import flat_settings


def measure_configuration(context: Context) -> ConfigurationEvidence:
    """Ask the target, or else the module it builds: Lightning keeps its settings as `hparams`."""
    target = context.target
    if isinstance(target, Configures):
        launch, must_agree = target.configuration(), tuple(target.must_agree)
    else:
        launch, must_agree = _own_settings(target.build(context.scan)), ()
    return ConfigurationEvidence(
        saved=_flat(context.checkpoint.hyper_parameters), launch=_flat(launch), must_agree=must_agree
    )


def _own_settings(module: nn.Module) -> dict[str, JsonValue]:
    """`module.hparams` as plain data; empty for a module that keeps none."""
    kept = getattr(module, "hparams", None)
    if not isinstance(kept, Mapping):
        return {}
    plain: dict[str, JsonValue] = json.loads(json.dumps(dict(kept), default=_in_words, skipkeys=True))
    return plain


def _in_words(value: Any) -> JsonValue:
    """What JSON cannot hold: mappings and sequences of other kinds as such, anything else as its text."""
    if isinstance(value, Mapping):
        return {str(name): inner for name, inner in value.items()}
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)


def _flat(settings: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return dict(flat_settings(settings)) if settings else {}


def measure_optimizer(context: Context) -> OptimizerEvidence:
    """Build the training's optimizers only where the plan resumes them."""
    file = context.checkpoint
    summary = file.summary()
    built = None
    if context.plan.checkpoint.resume_optimizer:
        target = able(context.target, Trains)
        optimizers = target.optimizers(context.target.build(context.scan))
        built = tuple(_groups(optimizer) for optimizer in optimizers)
    return OptimizerEvidence(
        saved=summary.optimizers, saved_shapes=file.optimizer_shapes(), schedulers=len(summary.schedulers), built=built
    )


def _groups(optimizer: Optimizer) -> tuple[BuiltGroup, ...]:
    return tuple(
        BuiltGroup(shapes=tuple(tuple(parameter.shape) for parameter in group["params"]), lr=_rate(group))
        for group in optimizer.param_groups
    )


def _rate(group: dict[str, object]) -> float | None:
    """The peak rate where a scheduler has noted it, else the rate in force."""
    rate = group.get("initial_lr", group.get("lr"))
    return float(rate) if isinstance(rate, int | float) else None


def measure_data(context: Context) -> DataEvidence:
    """Ask the target for both; it knows under which names its training saves them."""
    checkpoint = context.known(CheckpointEvidence)
    if checkpoint is None:
        raise Unavailable("the checkpoint could not be read")
    target = context.target
    if not isinstance(target, KnowsData):
        return DataEvidence()
    return DataEvidence(
        launch=target.data_facts(),
        trained=target.trained_on(checkpoint.summary.hyper_parameters, checkpoint.provenance or {}),
    )


def measure_training(context: Context) -> TrainingEvidence:
    """Ask the target; one that does not say leaves nothing to compare."""
    target = context.target
    return TrainingEvidence(facts=target.training_facts() if isinstance(target, DescribesTraining) else None)


CONFIGURATION = Probe(ConfigurationEvidence, "Saved settings", measure_configuration)
OPTIMIZER = Probe(OptimizerEvidence, "Optimizer's state", measure_optimizer)
DATA = Probe(DataEvidence, "Data", measure_data)
TRAINING = Probe(TrainingEvidence, "Training's configuration", measure_training)
