"""The settings saved in the checkpoint, beside those that this launch's training would save."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue
from torch import nn

from aqboard.domain.evidence_checkpoint import ConfigurationEvidence
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Configures
from aqboard.readers.checkpoints.checkpoint_diff import flat_settings


def measure(context: Context) -> ConfigurationEvidence:
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


PROBE = Probe(ConfigurationEvidence, "Saved settings", measure)
