"""The transformer block and its parts; module and parameter names are those of the checkpoints."""

import torch
from torch import Tensor, nn

from aqboard_reference.topoflow.attention import Attention
from aqboard_reference.topoflow.pieces import in_pieces, pieces


class DropPath(nn.Module):
    """Stochastic depth: in training drop a whole residual branch for a sample with probability `rate`."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """x [B, N, D]; the identity in evaluation."""
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        mask = torch.empty(x.shape[0], 1, 1, dtype=x.dtype, device=x.device).bernoulli_(keep)
        return x * mask / keep


class Mlp(nn.Module):
    """Two layers with GELU between."""

    def __init__(self, dim: int, hidden: int, drop: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, dim)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, N, D] -> [B, N, D]."""
        out: Tensor = self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))
        return out


class Block(nn.Module):
    """Pre-norm transformer block around any `Attention`."""

    def __init__(self, dim: int, attention: Attention, mlp_ratio: int, drop: float, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = attention
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, mlp_ratio * dim, drop)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, elevation: Tensor | None = None) -> Tensor:
        """x [B, N, D], `elevation` [B, N] in metres or None -> [B, N, D]."""
        x = x + self.drop_path(self.attn(self.norm1(x), elevation))
        if not in_pieces(x) or self.training:
            mixed: Tensor = x + self.drop_path(self.mlp(self.norm2(x)))
            return mixed
        for piece in pieces(x):  # x was made above: nobody else sees it change
            piece += self.mlp(self.norm2(piece))
        return x
