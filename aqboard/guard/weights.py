"""What a rank's weights are: a digest to compare with the other ranks', and whether all values are finite."""

import hashlib

import torch
from torch import nn

SHARDING = ("FSDPStrategy", "DeepSpeedStrategy", "ModelParallelStrategy")
"""Lightning's strategies whose ranks hold different parts of the weights."""


def weights_digest(module: nn.Module, *, buffers: bool) -> bytes:
    """SHA-256 over name, type, shape and bytes of every parameter, and of the buffers that would be saved.

    Buffers belong to it before the first step only: later each rank has running means of its own batches.
    """
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items() if buffers else module.named_parameters():
        if not isinstance(tensor, torch.Tensor):  # the extra state of a module may be anything
            continue
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        plain = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        digest.update(plain.numpy().data)
    return digest.digest()


def not_finite(module: nn.Module) -> str:
    """The first parameter that holds NaN or infinity; empty when all are finite. One look at the device for all.

    The extremes of a tensor are finite exactly when all of it is, and finding them takes one pass and no memory.
    """
    named = [(name, _local(tensor)) for name, tensor in module.named_parameters() if tensor.is_floating_point()]
    named = [(name, tensor) for name, tensor in named if tensor.numel()]
    if not named:
        return ""
    extremes = torch.stack([extreme.float() for _, tensor in named for extreme in tensor.aminmax()])
    finite = extremes.isfinite().view(-1, 2).all(1).tolist()
    return next((name for (name, _), fine in zip(named, finite, strict=True) if not fine), "")


def _local(tensor: torch.Tensor) -> torch.Tensor:
    """This rank's part of a tensor that lies on several."""
    local: torch.Tensor = tensor.to_local() if hasattr(tensor, "to_local") else tensor
    return local.detach()
