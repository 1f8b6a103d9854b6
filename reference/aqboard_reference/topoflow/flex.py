"""The elevation bias by FlexAttention: one fused kernel on a GPU, no bias in memory.

Equal to `biased_attention` (held on the CPU, where FlexAttention forms every score). Not yet measured on a GPU, so
nothing takes it by itself: `benchmarks.bench_gpu` times both there, and `use_flex_attention` switches a model over.
"""

import torch
from torch import Tensor, nn
from torch.nn.attention.flex_attention import flex_attention

from aqboard_reference.topoflow.attention import BIAS_FLOOR, TopoFlowAttention


def flex_biased_attention(
    queries: Tensor, keys: Tensor, values: Tensor, elevation: Tensor, alpha: Tensor, h_scale: Tensor
) -> Tensor:
    """As `biased_attention`, [B, heads, N, d]; compile it for a GPU: uncompiled it forms all scores."""

    def with_bias(score: Tensor, batch: Tensor, _: Tensor, query: Tensor, key: Tensor) -> Tensor:
        climb = ((elevation[batch, key] - elevation[batch, query]) / h_scale).relu()
        return score + (-alpha * climb).clamp(BIAS_FLOOR, 0.0).to(score.dtype)

    mixed = flex_attention(queries, keys, values, score_mod=with_bias)
    assert isinstance(mixed, Tensor)
    return mixed


def use_flex_attention(module: nn.Module) -> int:
    """Let every TopoFlowAttention in `module` use compiled FlexAttention; how many there are."""
    found = [part for part in module.modules() if isinstance(part, TopoFlowAttention)]
    compiled = torch.compile(flex_biased_attention, dynamic=False)
    for attention in found:
        attention.kernel = compiled
    return len(found)
