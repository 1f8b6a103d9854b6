"""The model written down from its formulas, the way upstream computes it: every intermediate tensor is formed."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.normalisation import Normalisation
from torch import Tensor, nn

State = Mapping[str, Tensor]


def plain_forward(
    state: State,
    config: ModelConfig,
    normalisation: Normalisation,
    orders: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    lead_times: Tensor,
    *,
    fused: bool = False,
) -> Tensor:
    """Forecast of the targets [B, T, H, W] in evaluation mode; `orders(u, v)` gives the token order [B, L].

    `fused`: torch's own attention in all blocks but the first, as upstream's blocks have it.
    """

    def physical(name: str) -> Tensor:
        mean, std = normalisation.linear(name)
        return x[:, config.variables.index(name)] * std + mean

    order = orders(physical("u"), physical("v"))
    tokens = plain_tokens(state, x, config.patch)  # [B, V, L, D]
    tokens = torch.stack([tokens[b][:, order[b]] for b in range(x.shape[0])])
    tokens = tokens + state["climax.var_embed"].unsqueeze(2)
    sequence = plain_aggregation(state, tokens, config.heads)
    lead = (lead_times / config.lead_time_scale_h)[:, None] @ state["climax.lead_time_embed.weight"].T
    lead = lead + state["climax.lead_time_embed.bias"]
    sequence = sequence + state["climax.pos_embed"] + lead.unsqueeze(1)
    elevation = F.avg_pool2d(physical("elevation"), config.patch).flatten(1) if config.elevation_bias else None
    if elevation is not None and config.scan_layout == "corrected":
        elevation = torch.stack([elevation[b][order[b]] for b in range(x.shape[0])])
    for index in range(config.depth):
        first = index == 0
        sequence = plain_block(
            state, f"climax.blocks.{index}.", sequence, config.heads, elevation if first else None, fused and not first
        )
    sequence = F.layer_norm(sequence, sequence.shape[-1:], state["climax.norm.weight"], state["climax.norm.bias"])
    out = plain_head(state, sequence, config.decoder_depth)
    if config.scan_layout == "corrected":
        placed = torch.empty_like(out)
        for b in range(x.shape[0]):
            placed[b, order[b]] = out[b]
        out = placed
    p, v = config.patch, len(config.variables)
    image = out.reshape(-1, config.grid_h, config.grid_w, p, p, v)
    image = torch.einsum("nhwpqc->nchpwq", image).reshape(-1, v, config.img_h, config.img_w)
    return image[:, [config.variables.index(name) for name in config.targets]]


def plain_tokens(state: State, x: Tensor, patch: int) -> Tensor:
    """One convolution per variable: [B, V, L, D]."""
    weights, biases = state["climax.token_embeds.proj_weights"], state["climax.token_embeds.proj_biases"]
    return torch.stack(
        [
            F.conv2d(x[:, i : i + 1], weights[i], biases[i], stride=patch).flatten(2).transpose(1, 2)
            for i in range(x.shape[1])
        ],
        dim=1,
    )


def plain_aggregation(state: State, tokens: Tensor, heads: int) -> Tensor:
    """`nn.MultiheadAttention` of the learned query over the V tokens of each place: [B, V, L, D] -> [B, L, D]."""
    batch, variables, length, dim = tokens.shape
    attention = nn.MultiheadAttention(dim, heads, batch_first=True, dtype=tokens.dtype)
    prefix = "climax.var_agg."
    own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    places = tokens.transpose(1, 2).reshape(batch * length, variables, dim)
    query = state["climax.var_query"].expand(batch * length, -1, -1)
    out, _ = torch.func.functional_call(attention, own, (query, places, places))
    return out.squeeze(1).reshape(batch, length, dim)


def plain_bias(elevation: Tensor, alpha: Tensor, h_scale: Tensor) -> Tensor:
    """[B, N, N] from elevation [B, N]: clamp(-alpha * relu((elev_j - elev_i) / H_scale), -10, 0)."""
    climb = torch.relu((elevation[:, None, :] - elevation[:, :, None]) / h_scale)
    return torch.clamp(-alpha * climb, -10.0, 0.0)


def plain_attention(
    state: State, prefix: str, x: Tensor, heads: int, elevation: Tensor | None, fused: bool = False
) -> Tensor:
    """Softmax attention with every score formed (torch's own if `fused`); the bias when there is an alpha."""
    batch, length, dim = x.shape
    qkv = F.linear(x, state[prefix + "qkv.weight"], state[prefix + "qkv.bias"])
    q, k, v = qkv.reshape(batch, length, 3, heads, dim // heads).permute(2, 0, 3, 1, 4)
    if fused:
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, dim)
        return F.linear(mixed, state[prefix + "proj.weight"], state[prefix + "proj.bias"])
    scores = q @ k.transpose(-2, -1) / (dim // heads) ** 0.5
    if elevation is not None and prefix + "elevation_alpha" in state:
        bias = plain_bias(elevation, state[prefix + "elevation_alpha"], state[prefix + "H_scale"])
        scores = scores + bias.unsqueeze(1)
    mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, dim)
    return F.linear(mixed, state[prefix + "proj.weight"], state[prefix + "proj.bias"])


def plain_block(
    state: State, prefix: str, x: Tensor, heads: int, elevation: Tensor | None, fused: bool = False
) -> Tensor:
    """Pre-norm block."""

    def norm(name: str, value: Tensor) -> Tensor:
        return F.layer_norm(value, value.shape[-1:], state[prefix + name + ".weight"], state[prefix + name + ".bias"])

    x = x + plain_attention(state, prefix + "attn.", norm("norm1", x), heads, elevation, fused)
    hidden = F.gelu(F.linear(norm("norm2", x), state[prefix + "mlp.fc1.weight"], state[prefix + "mlp.fc1.bias"]))
    return x + F.linear(hidden, state[prefix + "mlp.fc2.weight"], state[prefix + "mlp.fc2.bias"])


def plain_head(state: State, x: Tensor, depth: int) -> Tensor:
    """Linear-GELU `depth` times, then Linear."""
    for layer in range(0, 2 * depth, 2):
        x = F.gelu(F.linear(x, state[f"climax.head.{layer}.weight"], state[f"climax.head.{layer}.bias"]))
    return F.linear(x, state[f"climax.head.{2 * depth}.weight"], state[f"climax.head.{2 * depth}.bias"])
