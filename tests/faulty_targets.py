"""The reference target with one fault each, for the probes that watch a training start. Importable by its processes."""

import time

import numpy as np
import torch
from aqboard_reference.target import ReferenceTarget
from torch import Tensor, nn

from aqboard.domain.plan import LaunchPlan
from aqboard.probes.target import Batch
from aqboard.readers.checkpoints.checkpoint import read_checkpoint


class RankZeroOnly(ReferenceTarget):
    """The story's fault: only rank 0 loads the checkpoint, and nothing is broadcast afterwards."""

    def start_rank(self, rank: int, world_size: int) -> nn.Module:
        module = self.build(self.scan())
        if rank == 0:
            file = read_checkpoint(self.plan.checkpoint.path)
            self.load(module, {key: torch.from_numpy(np.array(file.tensor(key))) for key in file.tensors})
        return module


class DiesOnRankOne(ReferenceTarget):
    def start_rank(self, rank: int, world_size: int) -> nn.Module:
        if rank == 1:
            raise FileNotFoundError("data_2018.zarr is not on this node")
        return self.build(self.scan())


class WaitsForEver(ReferenceTarget):
    def start_rank(self, rank: int, world_size: int) -> nn.Module:
        time.sleep(3600)
        raise AssertionError("stopped before")


class FrozenBlock(ReferenceTarget):
    def build(self, scan=None):  # type: ignore[no-untyped-def]
        module = super().build(scan)
        module.model.climax.blocks[0].requires_grad_(False)
        return module


class ForgottenHead(ReferenceTarget):
    """The optimizer is built from everything but the head."""

    def optimizers(self, module: nn.Module):  # type: ignore[no-untyped-def]
        kept = [parameter for name, parameter in module.named_parameters() if ".head." not in name]
        return [torch.optim.AdamW(kept, lr=1e-3)]


class UnusedBranch(ReferenceTarget):
    def build(self, scan=None):  # type: ignore[no-untyped-def]
        module = super().build(scan)
        module.spare = nn.Linear(2, 2)
        return module


class NanGradient(ReferenceTarget):
    """Finite on the way there, not on the way back: the square root of exactly zero."""

    def training_loss(self, module: nn.Module, batch: Batch) -> Tensor:
        loss = super().training_loss(module, batch)
        return loss + (loss - loss).square().sqrt()


class AlphaConfigured(ReferenceTarget):
    """The new parameter does not start where it does nothing."""

    def build(self, scan=None):  # type: ignore[no-untyped-def]
        module = super().build(scan)
        with torch.no_grad():
            module.model.climax.blocks[0].attn.elevation_alpha.fill_(5.0)
        return module


class BlindToPopulation(ReferenceTarget):
    def forward(self, module: nn.Module, inputs: dict[str, Tensor]) -> Tensor:  # type: ignore[override]
        x = inputs["x"].clone()
        x[:, self.config.model.variables.index("population")] = 0.0
        return super().forward(module, {**inputs, "x": x})


class DropoutAlways(ReferenceTarget):
    def forward(self, module: nn.Module, inputs: dict[str, Tensor]) -> Tensor:  # type: ignore[override]
        return torch.nn.functional.dropout(super().forward(module, inputs), 0.1, training=True)


class BatchStatistics(ReferenceTarget):
    """Output centred over the batch: a sample's forecast depends on its neighbours."""

    def forward(self, module: nn.Module, inputs: dict[str, Tensor]) -> Tensor:  # type: ignore[override]
        output = super().forward(module, inputs)
        return output - output.mean(0, keepdim=True)


def rank_zero_only(plan: LaunchPlan) -> RankZeroOnly:
    return RankZeroOnly(plan)


def dies_on_rank_one(plan: LaunchPlan) -> DiesOnRankOne:
    return DiesOnRankOne(plan)


def waits_for_ever(plan: LaunchPlan) -> WaitsForEver:
    return WaitsForEver(plan)
