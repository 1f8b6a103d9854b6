"""Self-attention over patches, plain and with the TopoFlow elevation bias.

`bias[i, j] = clamp(-alpha * relu((elev_j - elev_i) / H_scale), -10, 0)` is added to the scores before the softmax:
a token looks uphill less. alpha = 0 is exactly plain attention.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from aqboard_reference.topoflow.pieces import in_pieces, pieces

Kernel = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
"""Attention with the elevation bias: queries, keys, values, elevation, alpha, H_scale, as `biased_attention`."""

H_SCALE_M = 1000.0
BIAS_FLOOR = -10.0
QUERY_CHUNK = 1024
"""Queries per call of the biased attention: the bias needs QUERY_CHUNK * N numbers per sample instead of N * N."""


class Attention(nn.Module):
    """Multi-head self-attention as in a vision transformer: one `qkv` and one `proj` layer."""

    def __init__(self, dim: int, heads: int, drop: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor, elevation: Tensor | None = None) -> Tensor:
        """x [B, N, D] -> [B, N, D]; `elevation` [B, N] in metres is used by `TopoFlowAttention` only."""
        mixed = self.attend(*self._project(x), elevation)
        out: Tensor = self.drop(self.proj(mixed.transpose(1, 2).flatten(2)))
        return out

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of x [B, N, D], each [B, heads, N, d] and contiguous.

        Contiguous heads make the CPU's attention a tenth faster than the strided view, copy included.
        """
        parts = [
            self.qkv(part).view(*part.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            for part in (pieces(x) if in_pieces(x) else (x,))
        ]
        queries, keys, values = (torch.cat([part[i] for part in parts], dim=2) for i in range(3))
        return queries, keys, values

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, elevation: Tensor | None) -> Tensor:
        """Softmax attention, all of them [B, heads, N, d]."""
        return F.scaled_dot_product_attention(queries, keys, values)


class TopoFlowAttention(Attention):
    """Self-attention whose scores fall where the key lies higher than the query."""

    H_scale: Tensor

    def __init__(self, dim: int, heads: int, drop: float = 0.0, alpha: float = 0.0) -> None:
        super().__init__(dim, heads, drop)
        self.elevation_alpha = nn.Parameter(torch.tensor(alpha))
        self.register_buffer("H_scale", torch.tensor(H_SCALE_M))
        self.kernel: Kernel = biased_attention

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, elevation: Tensor | None) -> Tensor:
        """Attention with the elevation bias, [B, heads, N, d]; `elevation` is [B, N] in metres."""
        if elevation is None or self._is_neutral():
            return super().attend(queries, keys, values, None)
        return self.kernel(queries, keys, values, elevation, self.elevation_alpha, self.H_scale)

    def _is_neutral(self) -> bool:
        """Whether alpha is known, without waiting for a device, to be 0 and to stay so."""
        alpha = self.elevation_alpha
        readable = alpha.device.type == "cpu" and not torch.compiler.is_compiling()
        return readable and not alpha.requires_grad and float(alpha) == 0.0


def elevation_bias(elev_q: Tensor, elev_k: Tensor, alpha: Tensor, h_scale: Tensor) -> Tensor:
    """Bias of scores, [B, 1, n, N] in [-10, 0], for queries at elev_q [B, n] and keys at elev_k [B, N], metres."""
    if torch.is_grad_enabled():
        climb = (elev_k[:, None, None, :] - elev_q[:, None, :, None]).div(h_scale).relu()
        return (-alpha * climb).clamp(BIAS_FLOOR, 0.0)
    # The same in place: three passes over one buffer. A negative alpha gives 0, as the outer clamp does above.
    climb = elev_q[:, None, :, None] - elev_k[:, None, None, :]
    return climb.mul_(alpha.relu() / h_scale).clamp_(BIAS_FLOOR, 0.0)


def biased_attention(
    queries: Tensor, keys: Tensor, values: Tensor, elevation: Tensor, alpha: Tensor, h_scale: Tensor
) -> Tensor:
    """Attention [B, heads, N, d] with the elevation bias, in chunks of queries.

    The N x N bias never exists at once; in training each chunk is recomputed in the backward pass.
    """

    def one_chunk(chunk: Tensor, elev_q: Tensor, alpha: Tensor) -> Tensor:
        bias = elevation_bias(elev_q, elevation, alpha, h_scale).to(queries.dtype)
        return F.scaled_dot_product_attention(chunk, keys, values, attn_mask=bias)

    chunks = zip(torch.split(queries, QUERY_CHUNK, dim=2), torch.split(elevation, QUERY_CHUNK, dim=1), strict=True)
    if torch.is_grad_enabled():
        done = [checkpoint(one_chunk, q, e, alpha, use_reentrant=False) for q, e in chunks]
    else:
        done = [one_chunk(q, e, alpha) for q, e in chunks]
    return torch.cat(done, dim=2)
