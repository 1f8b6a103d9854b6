"""Validation loss under several scan caches, computing once whatever the caches do not change."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor

from aqboard.readers.caches.scan_cache import ScanCache
from aqboard_reference.topoflow.embed import patchify
from aqboard_reference.topoflow.lightning_module import Batch, TopoFlowModule, masked_mse
from aqboard_reference.topoflow.scan import WindScanner, take_in_order

Precision = Literal["fp32", "bf16"]


@torch.no_grad()
def losses_per_cache(
    module: TopoFlowModule,
    batches: Iterable[Batch],
    caches: Sequence[ScanCache],
    *,
    own: Sequence[float] = (),
    precision: Precision = "fp32",
) -> list[list[float]]:
    """Masked MSE per cache and batch, `[len(caches)][batches]`, evaluation mode; the module's own cache stays.

    Reading, checking, tokenising and aggregating a batch is done once. Where two caches give the batch the same orders
    (same content, or a scan rule that reads no cache) its forecast is not computed again. `own`: the batches' losses
    under the module's own cache, where they are known already; a cache that orders a batch like it gets that number.
    `bf16`: matrix products and attention in bfloat16 by autocast; wind, orders and the loss itself stay in full
    precision.
    """
    device = module.model.target_indices.device
    scanners = [WindScanner(module.config, cache).to(device) for cache in caches]
    losses: list[list[float]] = [[] for _ in caches]
    with _evaluating(module), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        for number, batch in enumerate(batches):
            known = [(module.model.token_order(batch.x), own[number])] if own else []
            for row, loss in zip(losses, _batch_losses(module, batch, scanners, known), strict=True):
                row.append(loss)
    return losses


def _batch_losses(
    module: TopoFlowModule, batch: Batch, scanners: Sequence[WindScanner], known: list[tuple[Tensor | None, float]]
) -> list[float]:
    """Loss of one batch under each scanner; `known` are losses by the order that they belong to, and grow."""
    model = module.model
    model.check(batch.x, batch.lead_times)
    tokens: Tensor | None = None
    losses = []
    for scanner in scanners:
        order = model.token_order(batch.x, scanner)
        loss = next((loss for other, loss in known if _same(order, other)), None)
        if loss is None:
            if tokens is None:
                tokens = model.climax.aggregate(patchify(batch.x, module.config.patch))
            ordered = tokens if order is None else take_in_order(tokens, order)
            everything = model.climax.forecast(ordered, batch.lead_times, order, model.patch_elevation(batch.x))
            forecast = everything.index_select(1, model.target_indices)
            loss = float(masked_mse(forecast.float(), batch.y))
            known.append((order, loss))
        losses.append(loss)
    return losses


def _same(order: Tensor | None, other: Tensor | None) -> bool:
    return order is other if order is None or other is None else torch.equal(order, other)


@contextmanager
def _evaluating(module: TopoFlowModule) -> Iterator[None]:
    """Evaluation mode inside, the mode before after."""
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)
