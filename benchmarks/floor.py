"""What a forward pass of the reference model cannot do without: its arithmetic and its memory traffic."""

from aqboard_reference.topoflow.config import ModelConfig


def forward_flop(config: ModelConfig, batch: int) -> float:
    """Floating-point operations of the matrix products and the attentions of one forward pass."""
    tokens, dim, variables = config.num_patches, config.embed_dim, len(config.variables)
    affine = variables * (config.patch**2 + 1)
    block = (4 + 2 * config.mlp_ratio) * 2 * tokens * dim**2 + 4 * tokens**2 * dim
    head = config.decoder_depth * 2 * tokens * dim**2 + 2 * tokens * dim * variables * config.patch**2
    aggregation = 2 * tokens * config.heads * affine * (dim + 1)
    return batch * (config.depth * block + head + aggregation)


def forward_traffic(config: ModelConfig, batch: int, parameters: int, width: int) -> float:
    """Bytes that must move: the weights once, and per block 22 readings or writings of all tokens' numbers.

    Of a block: qkv reads 1 and writes 3, attention reads 3 and writes 1, its projection reads 2 (one for the residual)
    and writes 1, and the same pattern with `mlp_ratio` for the two layers behind. `width`: bytes per number.
    """
    tokens = batch * config.num_patches * config.embed_dim
    block = 11 + 3 + 2 * config.mlp_ratio
    return width * (parameters + config.depth * block * tokens + 2 * (config.decoder_depth + 1) * tokens)
