"""The reference model's training and its variations, as abilities of the reference target."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from aqboard.domain.plan import LaunchPlan
from aqboard.probes.target import TrainData
from aqboard_reference.topoflow.attention import TopoFlowAttention
from aqboard_reference.topoflow.config import DataConfig, TrainConfig
from aqboard_reference.topoflow.data import AirQualityDataModule
from aqboard_reference.topoflow.lightning_module import Batch, TopoFlowModule

TRAIN_BATCHES = 1
"""Enough for one step, and for timing it again and again."""


class ReferenceTraining(ABC):
    """Abilities `Trains`, `Neutral` and `Varies` of the reference target, which inherits them."""

    plan: LaunchPlan
    config: TrainConfig
    train_batch_size: int
    """Samples per rank and step, as the training's own configuration has it."""

    def train_data(self) -> TrainData:
        """The first samples of the last training year whose store is there, else of the validation years."""
        data = self.config.data
        stored = [year for year in sorted(data.train_years) if (data.root / f"data_{year}.zarr").is_dir()]
        if not stored:
            source = "validation data, as the stores of the training years are not here"
            return TrainData(self._first_batches({"batch_size": self.train_batch_size}), source)
        year = stored[-1]
        changes = {"val_years": (year,), "val_stride_h": data.stride_h, "batch_size": self.train_batch_size}
        return TrainData(self._first_batches(changes), f"training data of {year}")

    def optimizers(self, module: nn.Module) -> Sequence[Optimizer]:
        """What `configure_optimizers` builds for a run of the configured length."""
        module = cast(TopoFlowModule, module)
        # The schedule asks the trainer for its length, and for nothing else.
        module.trainer = cast(Any, SimpleNamespace(estimated_stepping_batches=self.config.max_steps))
        built = cast(Mapping[str, Any], module.configure_optimizers())
        return [built["optimizer"]]

    def training_loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Masked MSE over the whole grid; the training's bands, if any, are an economy of its first steps."""
        return cast(TopoFlowModule, module).loss(batch)

    def neutralise(self, module: nn.Module) -> None:
        """Elevation alpha 0 is exactly plain attention."""
        with torch.no_grad():
            for part in module.modules():
                if isinstance(part, TopoFlowAttention):
                    part.elevation_alpha.zero_()

    def variations(self, inputs: Mapping[str, Tensor]) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """Each variable one standard deviation higher; the wind turned round; lead times doubled."""
        x, variables = inputs["x"], self.config.model.variables
        for index, name in enumerate(variables):
            raised = x.clone()
            raised[:, index] += 1.0
            yield name, {**inputs, "x": raised}
        yield "lead_time", {**inputs, "lead_times": 2 * inputs["lead_times"]}
        if {"u", "v"} <= set(variables):
            yield "wind", self.with_wind(inputs, *(-part for part in self.wind(inputs)))

    def _first_batches(self, changes: Mapping[str, object]) -> list[Batch]:
        config: DataConfig = self.config.data.model_copy(update=dict(changes))
        return list(islice(AirQualityDataModule(config, self.config.model).val_dataloader(), TRAIN_BATCHES))

    @abstractmethod
    def wind(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """u and v [B, H, W] in m/s."""

    @abstractmethod
    def with_wind(self, inputs: Mapping[str, Tensor], u: Tensor, v: Tensor) -> dict[str, Tensor]:
        """The same inputs with another wind."""
