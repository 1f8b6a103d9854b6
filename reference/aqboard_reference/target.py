"""The reference model as a target: `aqboard_reference.topoflow`, built from its training's own configuration."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import cast

import torch
from torch import Tensor, nn

from aqboard.domain.errors import TargetError
from aqboard.domain.plan import LaunchPlan
from aqboard.probes.loading import load_state_dict
from aqboard.probes.target import Loaded, Scan
from aqboard.readers.caches.scan_cache import ScanCache, read_scan_cache
from aqboard_reference.target_facts import ReferenceFacts
from aqboard_reference.target_training import ReferenceTraining
from aqboard_reference.topoflow.config import TrainConfig, load_train_config
from aqboard_reference.topoflow.data import AirQualityDataModule
from aqboard_reference.topoflow.evaluate import losses_per_cache
from aqboard_reference.topoflow.lightning_module import Batch, TopoFlowModule, masked_mse
from aqboard_reference.topoflow.normalisation import Normalisation

MARKER = "population"
"""The variable that carries each patch's own number while an order is observed; the scan does not read it."""


def build(plan: LaunchPlan) -> "ReferenceTarget":
    """The callable that a plan names as `target.builder`."""
    return ReferenceTarget(plan)


class ReferenceTarget(ReferenceTraining, ReferenceFacts):
    """Has every ability of `target`. The plan's scan and data settings replace those of the training's config."""

    def __init__(self, plan: LaunchPlan) -> None:
        self.plan = plan
        if plan.target.config is None:
            raise TargetError(
                "target.config is missing: the reference model is built from its training's configuration."
            )
        config = load_train_config(plan.target.config)
        self.training = config
        self.train_batch_size = config.data.batch_size
        root = plan.data.directory
        data = {"root": root, "batch_size": plan.data.batch_size, "in_memory": False, "num_workers": 0}
        if config.data.normalisation is None:
            data["normalisation"] = root / "normalisation.json"
        self.config: TrainConfig = config.model_copy(update={"data": config.data.model_copy(update=data)})
        self.grid = (config.model.grid_h, config.model.grid_w)

    def scan(self) -> Scan:
        """The scan as the plan sets it."""
        asked = self.plan.wind_scan
        return Scan(asked.rule, asked.layout, read_scan_cache(asked.cache))

    def build(self, scan: Scan | None = None) -> TopoFlowModule:
        """A module with the training's random initialisation (its seed), in eval mode."""
        scan = scan or self.scan()
        torch.manual_seed(self.config.seed)
        settings = {"scan_rule": scan.rule, "scan_layout": scan.layout}
        model = self.config.model.model_copy(update=settings)
        module = TopoFlowModule(model, self._normalisation, self.config.optimiser, cache=scan.cache).eval()
        module.model.climax.activation_checkpointing = self.config.activation_checkpointing
        return module

    def receiver(self, module: nn.Module) -> nn.Module:
        """The LightningModule, or the inner model, as the plan says."""
        module = cast(TopoFlowModule, module)
        return module if self.plan.checkpoint.load_into == "lightning_module" else module.model

    def load(self, module: nn.Module, state: Mapping[str, Tensor]) -> Loaded:
        """`load_state_dict` with the plan's prefix and strictness, on the module that the plan names."""
        return load_state_dict(self.receiver(module), state, self.plan.checkpoint)

    def validation_batches(self) -> Sequence[Batch]:
        """The first `validation_batches` batches of the validation years."""
        return self._batches

    def size(self, batch: Batch) -> int:
        """Samples in a batch."""
        return len(batch.lead_times)

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Masked MSE over the whole grid."""
        return cast(TopoFlowModule, module).loss(batch)

    def losses_per_cache(
        self, module: nn.Module, batches: Iterable[Batch], caches: Sequence[ScanCache], own: Sequence[float]
    ) -> list[list[float]]:
        """Masked MSE as in `loss`: batches are read, checked and aggregated once, equal orders are forecast once."""
        return losses_per_cache(cast(TopoFlowModule, module), batches, caches, own=own)

    def persistence(self, batch: Batch) -> Tensor:
        """Masked MSE of the targets' present values taken as the forecast."""
        now = [self.config.model.variables.index(name) for name in self.config.model.targets]
        return masked_mse(batch.x[:, now], batch.y)

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """`x` [B, V, H, W] and `lead_times` [B]."""
        return {"x": batch.x, "lead_times": batch.lead_times}

    def planned_inputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Lead times as a column where the plan says so."""
        lead = inputs["lead_times"]
        column = self.plan.forward.lead_times_shape == "[B, 1]"
        return {**inputs, "lead_times": lead.unsqueeze(1) if column else lead}

    def forward(self, module: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """Forecast [B, T, H, W]."""
        forecast: Tensor = module(inputs["x"], inputs["lead_times"])
        return forecast

    def wind(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """De-normalised as the model does it, in float32."""
        u, v = (inputs["x"][:, self._index(name)] * std + mean for name, (mean, std) in self._wind_statistics)
        return u, v

    def with_wind(self, inputs: Mapping[str, Tensor], u: Tensor, v: Tensor) -> dict[str, Tensor]:
        """A copy with u and v normalised and put in place."""
        x = inputs["x"].clone()
        for (name, (mean, std)), value in zip(self._wind_statistics, (u, v), strict=True):
            x[:, self._index(name)] = (value - mean) / std
        return {**inputs, "x": x}

    def observed_order(self, module: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """Follow marked patches through a real forward pass, up to where they become tokens."""
        inner = cast(TopoFlowModule, module).model
        rows, cols = self.grid
        patch = self.config.model.patch
        marks = torch.arange(rows * cols, dtype=torch.float32).view(rows, cols)
        x = inputs["x"].clone()
        x[:, self._index(MARKER)] = marks.repeat_interleave(patch, 0).repeat_interleave(patch, 1)
        seen: list[Tensor] = []

        def look(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            seen.append(arguments[0][:, :, self._index(MARKER), 0].round().long())  # patches [B, N, V, pixels]
            raise _Seen

        handle = inner.climax.var_agg.register_forward_pre_hook(look)
        try:
            self.forward(module, {**inputs, "x": x})
        except _Seen:
            return seen[0]
        finally:
            handle.remove()
        raise TargetError("The forward pass never reached the variable aggregation; its token order cannot be seen.")

    def _index(self, name: str) -> int:
        return self.config.model.variables.index(name)

    @cached_property
    def _data(self) -> AirQualityDataModule:
        return AirQualityDataModule(self.config.data, self.config.model)

    @cached_property
    def _normalisation(self) -> Normalisation:
        return self._data.normalisation

    @cached_property
    def _wind_statistics(self) -> tuple[tuple[str, tuple[float, float]], ...]:
        return tuple((name, self._normalisation.linear(name)) for name in ("u", "v"))

    @cached_property
    def _batches(self) -> list[Batch]:
        loader = self._data.val_dataloader()
        return [batch for batch, _ in zip(loader, range(self.plan.data.validation_batches), strict=False)]


class _Seen(Exception):
    """Ends a forward pass once the order has been seen."""
