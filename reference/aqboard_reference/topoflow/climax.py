"""The ClimaX backbone: tokens in scan order, six blocks, a head; its state dict is the checkpoint's `climax.*`."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from aqboard_reference.topoflow.attention import Attention, TopoFlowAttention
from aqboard_reference.topoflow.blocks import Block
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.embed import TokenEmbedding, VariableAggregation, patchify, unpatchify
from aqboard_reference.topoflow.pieces import in_pieces, pieces
from aqboard_reference.topoflow.scan import put_back


class Climax(nn.Module):
    """Encoder and head. What order the tokens take is decided outside and handed in.

    The pixels are put in scan order before they become tokens: the same result as reordering `[B, V, L, D]`
    afterwards, for a hundredth of the memory traffic.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        variables, dim = len(config.variables), config.embed_dim
        self.activation_checkpointing = False
        self.var_embed = nn.Parameter(torch.zeros(1, variables, dim))
        self.var_query = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, config.num_patches, dim))
        self.token_embeds = TokenEmbedding(variables, config.patch, dim)
        self.var_agg = VariableAggregation(dim, config.heads)
        self.lead_time_embed = nn.Linear(1, dim)
        self.pos_drop = nn.Dropout(config.drop_rate)
        self.blocks = nn.ModuleList(_block(config, index) for index in range(config.depth))
        self.norm = nn.LayerNorm(dim)
        self.head = _head(config)
        self.apply(_initialise)
        self._initialise_embeddings()

    @torch.no_grad()
    def _initialise_embeddings(self) -> None:
        """Sines and cosines as ClimaX, but weak, so that a narrow model first sees the pixels and not the places."""
        grid = torch.arange(self.config.num_patches)
        rows, cols = grid // self.config.grid_w, grid % self.config.grid_w
        half = self.config.embed_dim // 2
        places = torch.cat([sine_cosine(rows, half), sine_cosine(cols, self.config.embed_dim - half)], dim=1)
        names = sine_cosine(torch.arange(len(self.config.variables)), self.config.embed_dim)
        self.pos_embed.copy_(0.2 * places)
        self.var_embed.copy_(0.1 * names)

    def forward(
        self, x: Tensor, lead_times: Tensor, order: Tensor | None, elevation: Tensor | None, *, bands: int = 1
    ) -> Tensor:
        """Forecast of all variables, [B, V, H, W] in normalised units.

        `x` [B, V, H, W] normalised; `lead_times` [B] hours; `order` [B, L] or None for row-major; `elevation`
        [B, L] patch means in metres, row-major; `bands`: attention stays inside that many runs of L / bands tokens.
        """
        tokens = self.aggregate(patchify(x, self.config.patch, order))
        return self.forecast(tokens, lead_times, order, elevation, bands=bands)

    def aggregate(self, patches: Tensor) -> Tensor:
        """One token per patch from the pixels of all variables: [B, L, V, P] -> [B, L, D], in the order given."""
        tokens: Tensor = self.var_agg(patches, self.token_embeds(self.var_embed), self.var_query)
        return tokens

    def forecast(
        self, tokens: Tensor, lead_times: Tensor, order: Tensor | None, elevation: Tensor | None, *, bands: int = 1
    ) -> Tensor:
        """Forecast [B, V, H, W] from aggregated tokens [B, L, D] that stand in scan order; the rest as `forward`.

        Nothing before this depends on the order: comparing several caches aggregates once.
        """
        follow = order if self.config.scan_layout == "corrected" else None
        if follow is not None and elevation is not None:
            elevation = elevation.gather(1, follow)
        lead = self.lead_time_embed((lead_times / self.config.lead_time_scale_h).unsqueeze(1))
        tokens = self.pos_drop(tokens + self.pos_embed + lead.unsqueeze(1))
        encoded = self._encode(tokens, elevation, bands)
        parts = pieces(encoded) if in_pieces(encoded) else (encoded,)
        out = torch.cat([self.head(self.norm(part)) for part in parts], dim=1)
        if follow is not None:
            out = put_back(out, follow)
        return unpatchify(out, self.config.patch, self.config.grid_h)

    def _encode(self, tokens: Tensor, elevation: Tensor | None, bands: int) -> Tensor:
        """The blocks, [B, L, D] -> [B, L, D]; bands become further samples of the batch."""
        batch = tokens.shape[0]
        tokens = tokens.reshape(batch * bands, -1, tokens.shape[2])
        if elevation is not None:
            elevation = elevation.reshape(batch * bands, -1)
        for block in self.blocks:
            if self.activation_checkpointing and torch.is_grad_enabled():
                tokens = cast(Tensor, checkpoint(block, tokens, elevation, use_reentrant=False))
            else:
                tokens = block(tokens, elevation)
        return tokens.reshape(batch, -1, tokens.shape[2])


def _block(config: ModelConfig, index: int) -> Block:
    """Block `index`: drop path grows linearly with depth, the first block may carry the elevation bias."""
    attention: Attention
    if index == 0 and config.elevation_bias:
        attention = TopoFlowAttention(config.embed_dim, config.heads, config.drop_rate, config.elevation_alpha)
    else:
        attention = Attention(config.embed_dim, config.heads, config.drop_rate)
    drop_path = config.drop_path * index / max(1, config.depth - 1)
    return Block(config.embed_dim, attention, config.mlp_ratio, config.drop_rate, drop_path)


def _head(config: ModelConfig) -> nn.Sequential:
    """`decoder_depth` hidden layers with GELU, then P * V outputs per token."""
    layers: list[nn.Module] = []
    for _ in range(config.decoder_depth):
        layers += [nn.Linear(config.embed_dim, config.embed_dim), nn.GELU()]
    layers.append(nn.Linear(config.embed_dim, len(config.variables) * config.patch**2))
    return nn.Sequential(*layers)


def sine_cosine(positions: Tensor, dim: int) -> Tensor:
    """Sines and cosines of integer positions [n] at geometrically falling frequencies, [n, dim], as ClimaX starts."""
    half = (dim + 1) // 2
    frequencies = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = positions.double()[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :dim].float()


def _initialise(module: nn.Module) -> None:
    """Linear layers: weights normal with 1 / sqrt(inputs), so that width does not change the signal; biases 0."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=module.in_features**-0.5)
        nn.init.zeros_(module.bias)
