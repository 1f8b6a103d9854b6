"""TopoFlow as a LightningModule: what is trained, saved (keys `model.*`) and loaded again."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from aqboard.readers.caches.scan_cache import ScanCache, cache_digests
from aqboard_reference.topoflow.config import ModelConfig, OptimiserConfig, Settings, parse_settings
from aqboard_reference.topoflow.errors import ScanError
from aqboard_reference.topoflow.model import TopoFlow
from aqboard_reference.topoflow.normalisation import Normalisation

_S = TypeVar("_S", bound=Settings)

NO_DECAY = ("var_embed", "var_query", "pos_embed", "elevation_alpha")


class Batch(NamedTuple):
    """What the DataModule gives and the LightningModule takes.

    `x` float32 [B, V, H, W] and `y` float32 [B, T, H, W] in normalised units (NaN in y = no observation);
    `lead_times` float32 [B] in hours.
    """

    x: Tensor
    y: Tensor
    lead_times: Tensor


def masked_mse(forecast: Tensor, observed: Tensor) -> Tensor:
    """Mean squared error over the finite values of `observed`, scalar, normalised units.

    NaN (not 0) when nothing was observed: no evidence must not look like a perfect forecast.
    """
    mask = observed.isfinite()
    error = (forecast - observed.nan_to_num(posinf=0.0, neginf=0.0)).square().masked_fill(~mask, 0.0)
    return error.sum() / mask.sum()


class TopoFlowModule(L.LightningModule):
    """Trains `self.model`; its hyper-parameters are plain data, so a checkpoint loads without this project's classes.

    `model`, `normalisation`, `optimiser`: settings or the mappings saved in a checkpoint. `scan_cache`: what is known
    about the cache in force (`path`, `digest`). `data`: the data settings, only recorded. `cache`: the scan cache;
    without it the formula's cache is built, and ScanError is raised if that is not the one named in `scan_cache`.
    """

    def __init__(
        self,
        model: ModelConfig | Mapping[str, Any],
        normalisation: Normalisation | Mapping[str, Any],
        optimiser: OptimiserConfig | Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        scan_cache: Mapping[str, str | None] | None = None,
        *,
        banded_steps: int = 0,
        cache: ScanCache | None = None,
    ) -> None:
        super().__init__()
        self.config = _settings(ModelConfig, model, "model")
        self.normalisation = _settings(Normalisation, normalisation, "normalisation")
        self.optimiser_config = _settings(OptimiserConfig, optimiser or {}, "optimiser")
        self.banded_steps = banded_steps
        self.model = TopoFlow(self.config, self.normalisation, cache)
        digest = cache_digests(self.model.scanner.cache).content
        known = dict(scan_cache or {"path": None, "digest": digest})
        if cache is None and known.get("digest") != digest:
            raise ScanError(
                f"This checkpoint was trained with the scan cache {known.get('path') or 'of digest'} "
                f"{str(known.get('digest'))[:12]}, which the formula does not give ({digest[:12]}); pass that cache."
            )
        self.save_hyperparameters(
            {
                "model": self.config.model_dump(mode="json"),
                "normalisation": self.normalisation.model_dump(mode="json"),
                "optimiser": self.optimiser_config.model_dump(mode="json"),
                "data": dict(data) if data is not None else None,
                "scan_cache": known,
                "banded_steps": banded_steps,
            }
        )

    def forward(self, x: Tensor, lead_times: Tensor) -> Tensor:
        """Forecast [B, T, H, W] from x [B, V, H, W], both normalised, lead_times [B] hours."""
        out: Tensor = self.model(x, lead_times)
        return out

    def launch_facts(self) -> dict[str, str]:
        """What a launch is signed for and the weights do not show; the launch guard compares it on every rank."""
        scanner = self.model.scanner
        return {
            "scan_rule": scanner.config.scan_rule,
            "scan_layout": scanner.config.scan_layout,
            "scan_cache": cache_digests(scanner.cache).content,
        }

    def loss(self, batch: Batch) -> Tensor:
        """Masked MSE of one batch over the whole grid, scalar, normalised units."""
        return masked_mse(self(batch.x, batch.lead_times), batch.y)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One step; during the first `banded_steps` attention stays inside bands of one row of regions."""
        bands = self.config.regions_h if self.global_step < self.banded_steps else 1
        loss = masked_mse(self.model(batch.x, batch.lead_times, bands=bands), batch.y)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one validation batch, logged as the mean over samples."""
        loss = self.loss(batch)
        self.log("val_loss", loss, batch_size=batch.x.shape[0], sync_dist=True)
        return loss

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW; weight decay only on matrices; warm-up then cosine, stepped every batch."""
        config = self.optimiser_config
        decayed: list[nn.Parameter] = []
        free: list[nn.Parameter] = []
        for name, parameter in self.named_parameters():
            plain = parameter.dim() < 2 or name.rsplit(".", 1)[-1] in NO_DECAY
            (free if plain else decayed).append(parameter)
        optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": config.weight_decay},
                {"params": free, "weight_decay": 0.0},
            ],
            lr=config.lr,
            betas=config.betas,
        )
        total = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: learning_rate_share(step, total, config))
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def learning_rate_share(step: int, total: int, config: OptimiserConfig) -> float:
    """Share of the peak learning rate at `step` of `total`."""
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    done = min(1.0, (step - config.warmup_steps) / max(1, total - config.warmup_steps))
    return config.final_share + (1 - config.final_share) * 0.5 * (1 + math.cos(math.pi * done))


def _settings(kind: type[_S], value: _S | Mapping[str, Any], where: str) -> _S:
    """A settings object as it is, or read from a checkpoint's plain mapping."""
    return value if isinstance(value, kind) else parse_settings(kind, dict(value), where=f"hyper-parameter {where}")
