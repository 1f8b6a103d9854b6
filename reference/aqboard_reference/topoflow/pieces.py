"""Whether and how tokens are worked on piece by piece: what works on each token alone may, and saves memory.

On a CPU without gradients a large intermediate result costs more than its arithmetic: its memory is taken from the
system anew at every call and has to be cleared page by page. A piece's memory is used again for the next.
"""

import torch
from torch import Tensor

TOKENS = 1024
"""Tokens in a piece: at real size the widest layer takes 12 MB for them."""


def in_pieces(tokens: Tensor) -> bool:
    """Whether pieces are worth it: on a CPU, without gradients. A GPU wants all of its work at once."""
    return tokens.device.type == "cpu" and not torch.is_grad_enabled()


def pieces(tokens: Tensor) -> tuple[Tensor, ...]:
    """Views of at most TOKENS tokens each: [B, N, D] -> several [B, n, D]."""
    return torch.split(tokens, TOKENS, dim=1)
