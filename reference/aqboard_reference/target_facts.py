"""What the reference model's own configuration says of settings, data and job, as abilities of the reference target."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError

from aqboard.domain.evidence_data import DataFacts, Period, Statistics
from aqboard.domain.evidence_launch import TrainingFacts
from aqboard.domain.plan import LaunchPlan
from aqboard_reference.topoflow.config import ModelConfig, TrainConfig
from aqboard_reference.topoflow.data import StoreDataset
from aqboard_reference.topoflow.errors import DataError
from aqboard_reference.topoflow.normalisation import Normalisation, read_normalisation

ELSEWHERE = {"variables", "scan_rule", "scan_layout"}
"""Model settings that have checks of their own: the data's variables, and the scan."""
HARMLESS = {"drop_path", "drop_rate", "elevation_bias", "elevation_alpha"}
"""Model settings that leave the meaning of the checkpoint's weights alone; alpha starts the new bias."""


class ReferenceFacts:
    """Abilities `Configures`, `KnowsData`, `DescribesTraining` and `Writes` of the reference target."""

    plan: LaunchPlan
    training: TrainConfig
    """As the training reads it; the checks' own batch size and data folder are not in it."""
    config: TrainConfig

    must_agree: Sequence[str] = tuple(
        f"model.{name}" for name in ModelConfig.model_fields if name not in ELSEWHERE | HARMLESS
    )

    def configuration(self) -> dict[str, JsonValue]:
        """Model, optimiser and data settings, as `TopoFlowModule` saves them; where the data lies is left out."""
        data = self.training.data.model_dump(mode="json", exclude={"root", "normalisation", "num_workers", "in_memory"})
        model = self.training.model
        if scan := self.plan.scan:
            model = model.model_copy(update={"scan_rule": scan.rule, "scan_layout": scan.layout})
        return {
            "model": model.model_dump(mode="json"),
            "optimiser": self.training.optimiser.model_dump(mode="json"),
            "data": data,
        }

    def data_facts(self) -> DataFacts:
        """Variables and periods of the configuration, statistics of the file beside the data."""
        statistics = read_normalisation(self.config.data.normalisation_file)
        data, variables = self.training.data, self.training.model.variables
        return DataFacts(
            variables=variables,
            statistics=_statistics(statistics),
            statistics_digest=statistics.digest(variables),
            train=_years(data.train_years),
            validation=_years(data.val_years),
            selection=_selection(data.model_dump(mode="json")),
        )

    def trained_on(self, settings: Mapping[str, JsonValue], provenance: Mapping[str, JsonValue]) -> DataFacts | None:
        """From the hyper-parameters `model`, `normalisation` and `data`; digest and years also from the stamp."""
        model, data, stamp = _mapping(settings.get("model")), _mapping(settings.get("data")), provenance
        period = _mapping(stamp.get("period")) or data
        digest = stamp.get("normalisation_digest")
        facts = DataFacts(
            variables=tuple(str(name) for name in _list(model.get("variables"))),
            statistics=_statistics(_normalisation(settings.get("normalisation"))),
            statistics_digest=digest if isinstance(digest, str) else "",
            train=_years(_list(period.get("train_years"))),
            validation=_years(_list(period.get("val_years"))),
            selection=_selection(data),
        )
        return facts if facts != DataFacts() else None

    def training_facts(self) -> TrainingFacts:
        """As `aqboard_reference.topoflow.train` hands it to Lightning's Trainer."""
        training = self.training
        return TrainingFacts(
            nodes=training.num_nodes,
            devices=training.devices,
            batch_size=training.data.batch_size,
            max_steps=training.max_steps,
            train_samples=self._train_samples(),
            configuration=self.plan.target.config.name if self.plan.target.config else "",
        )

    def output_folders(self) -> dict[str, Path]:
        """The configured `output`."""
        return {"checkpoints and log": self.training.output}

    def _train_samples(self) -> int | None:
        """Samples of one epoch; None where a training year's store is not here."""
        data, model = self.config.data, self.config.model
        with suppress(DataError):
            statistics = read_normalisation(data.normalisation_file)
            return len(StoreDataset(data, model, statistics, data.train_years, data.stride_h))
        return None


def _years(years: Sequence[Any]) -> tuple[Period, ...]:
    return tuple(Period.of_year(year) for year in years if isinstance(year, int) and 1 <= year <= 9999)


def _selection(data: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The settings besides the years that decide which samples are validated on."""
    return {name: data[name] for name in ("lead_hours", "val_stride_h") if name in data}


def _normalisation(saved: JsonValue) -> Normalisation | None:
    try:
        return Normalisation.model_validate(saved)
    except ValidationError:
        return None


def _statistics(normalisation: Normalisation | None) -> dict[str, Statistics]:
    if normalisation is None:
        return {}
    return {
        name: Statistics(**statistics.model_dump(exclude={"unit"}))
        for name, statistics in normalisation.variables.items()
    }


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
