"""From pixels to one token per patch, and back.

Upstream makes a token of D numbers for each of the V variables of a patch and then lets one learned query attend over
the V tokens: `[B, V, L, D]` is 720 MB for two samples. The query is the same everywhere and every token is an affine
function of its patch's few pixels, so scores and values are small matrices applied to the pixels themselves. The
result is the same to rounding, and `[B, V, L, D]` is never formed; see `docs/reference_model.md`.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PLACES_CHUNK = 256
"""Patches aggregated at a time without gradients: at real size their weighted pixels take 0.6 MB."""


def patchify(x: Tensor, patch: int, order: Tensor | None = None) -> Tensor:
    """Pixels of each patch: [B, V, H, W] -> [B, L, V, P], P = patch * patch.

    Patch k of the result is patch `order[k]` of the grid, `order` [B, L]; without one they are row-major.
    """
    batch, variables, height, width = x.shape
    cols = width // patch
    grid = x.reshape(batch, variables, height // patch, patch, cols, patch).permute(0, 2, 4, 1, 3, 5)
    if order is None:
        return grid.flatten(4, 5).flatten(1, 2)
    sample = torch.arange(batch, device=x.device).unsqueeze(1)
    return grid[sample, order // cols, order % cols].flatten(3)


def unpatchify(tokens: Tensor, patch: int, grid_h: int) -> Tensor:
    """Inverse for the head's output, whose channels are ordered (row, column, variable) as in ClimaX.

    [B, L, P * V] -> [B, V, H, W].
    """
    batch, length, channels = tokens.shape
    blocks = tokens.reshape(batch, grid_h, length // grid_h, patch, patch, channels // patch**2)
    return blocks.permute(0, 5, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)


def patch_means(field: Tensor, patch: int) -> Tensor:
    """Mean of each patch: [B, H, W] -> [B, L]."""
    return patchify(field.unsqueeze(1), patch).mean((2, 3))


class TokenEmbedding(nn.Module):
    """One linear map from patch pixels to a token per variable, stored as upstream's grouped convolution."""

    def __init__(self, variables: int, patch: int, dim: int) -> None:
        super().__init__()
        self.proj_weights = nn.Parameter(torch.empty(variables, dim, 1, patch, patch))
        self.proj_biases = nn.Parameter(torch.zeros(variables, dim))
        # At the start the V tokens are averaged, which shrinks their spread by sqrt(V); the weights make up for it.
        nn.init.normal_(self.proj_weights, std=variables**0.5 / (2 * patch))

    def forward(self, var_embed: Tensor) -> Tensor:
        """The tokens as affine maps of `[pixels, 1]`, variable embedding [1, V, D] included: [V, P + 1, D]."""
        weights = self.proj_weights.flatten(2).transpose(1, 2)
        constants = self.proj_biases + var_embed.squeeze(0)
        return torch.cat([weights, constants.unsqueeze(1)], dim=1)


class VariableAggregation(nn.Module):
    """Cross attention of one learned query over a patch's V variable tokens, in collapsed form.

    Parameters have the names and shapes of `nn.MultiheadAttention`, so its state dict loads as it is. The keys'
    bias shifts all scores of a head alike, so softmax ignores it and its gradient is exactly 0.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, patches: Tensor, maps: Tensor, query: Tensor) -> Tensor:
        """One token per patch: [B, L, D].

        `patches` [B, L, V, P]: pixels; `maps` [V, P + 1, D]: variable tokens as affine maps of them;
        `query` [1, 1, D].
        """
        with torch.autocast(patches.device.type, enabled=False):  # small matrices: full precision costs nothing
            collapsed = self._collapse(maps, query)
        places = patches.flatten(0, 1)  # [B * L, V, P]
        if torch.is_grad_enabled():
            tokens = _aggregate(places, *collapsed)
        else:
            tokens = patches.new_empty(len(places), query.shape[-1])
            for chunk, out in zip(torch.split(places, PLACES_CHUNK), torch.split(tokens, PLACES_CHUNK), strict=True):
                out.copy_(_aggregate(chunk, *collapsed))
        return tokens.view(*patches.shape[:2], -1)

    def _collapse(self, maps: Tensor, query: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Fold query, keys, values and output projection into the tokens' maps.

        Returns scores [V, P + 1, heads], output [heads * V * (P + 1), D] and the constant part of the output [D].
        """
        dim = query.shape[-1]
        w_query, w_key, w_value = self.in_proj_weight.chunk(3)
        b_query, _, b_value = self.in_proj_bias.chunk(3)
        asked = F.linear(query.flatten(), w_query, b_query).view(self.heads, -1)
        directions = torch.einsum("hc,hcd->hd", asked, w_key.view(self.heads, -1, dim))
        to_scores = maps @ directions.T / math.sqrt(dim // self.heads)
        values = (maps @ w_value.T).view(*maps.shape[:2], self.heads, -1)  # [V, P + 1, heads, d]
        outputs = self.out_proj.weight.view(dim, self.heads, -1)  # [D, heads, d]
        to_output = torch.einsum("vphc,ehc->hvpe", values, outputs).flatten(0, 2)
        return to_scores, to_output, F.linear(b_value, self.out_proj.weight, self.out_proj.bias)


def _aggregate(places: Tensor, to_scores: Tensor, to_output: Tensor, constant: Tensor) -> Tensor:
    """Tokens [n, D] from pixels [n, V, P]; softmax over the variables of each head."""
    pixels = F.pad(places, (0, 1), value=1.0)  # [n, V, P + 1]
    scores = torch.einsum("nvp,vph->nhv", pixels, to_scores)
    weighted = scores.softmax(-1).unsqueeze(-1) * pixels.unsqueeze(1)  # [n, heads, V, P + 1]
    return torch.addmm(constant, weighted.flatten(1), to_output)
