"""Load the checkpoint into the module that the training builds, the way the training does, and see what arrived."""

import torch
from torch import Tensor, nn

from aqboard.artefacts.align import align_keys
from aqboard.domain.checkpoint import TensorSpec
from aqboard.domain.evidence import LoadEvidence
from aqboard.probes import loading
from aqboard.probes.context import Context, Probe


def measure(context: Context) -> LoadEvidence:
    """Build, load, and compare every loaded tensor with the file, bit by bit."""
    target, state = context.target, context.state
    module = target.build(context.scan)
    receiver = loading.receiver(target, module)
    context.say(f"loading {len(state)} tensors into {type(receiver).__name__}")
    before = specs(receiver)
    report = loading.load(target, context.plan.checkpoint, module, state)
    after = receiver.state_dict()
    # A loader that raised may have filled some tensors before: only bits count.
    arrived = {key: same_bits(after[key], state[source]) for key, source in report.mapping.items()}
    loaded = tuple(key for key, equal in arrived.items() if equal or not report.error)
    return LoadEvidence(
        module=type(receiver).__name__,
        strict=context.plan.checkpoint.strict,
        checkpoint_tensors=len(state),
        model_tensors=len(after),
        model_parameters=sum(tensor.numel() for tensor in after.values()),
        loaded=loaded,
        loaded_parameters=sum(after[key].numel() for key in loaded),
        missing=tuple(report.missing),
        unexpected=tuple(report.unexpected),
        mismatched=tuple(_mismatches(report.mapping, before, context)),
        error=report.error,
        bit_equal=tuple(key for key in loaded if arrived[key]),
        bit_different=tuple(key for key in loaded if not arrived[key]),
        alignment=align_keys(context.checkpoint.tensors, before),
    )


def specs(module: nn.Module) -> dict[str, TensorSpec]:
    """Shape and dtype of every tensor in a module's state dict."""
    return {
        key: TensorSpec(shape=tuple(tensor.shape), dtype=str(tensor.dtype).removeprefix("torch."))
        for key, tensor in module.state_dict().items()
    }


def same_bits(a: Tensor, b: Tensor) -> bool:
    """Equal bytes; comparing floats would call NaN different from itself and -0 equal to 0."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return torch.equal(a.contiguous().view(-1).view(torch.uint8), b.contiguous().view(-1).view(torch.uint8))


def _mismatches(mapping: object, model: dict[str, TensorSpec], context: Context) -> list[str]:
    assert isinstance(mapping, dict)
    file = context.checkpoint.tensors
    return [
        f"{key}: {list(file[source].shape)} in the file, {list(model[key].shape)} in the model"
        for key, source in mapping.items()
        if file[source].shape != model[key].shape
    ]


PROBE = Probe(LoadEvidence, "Checkpoint into the model", measure)
