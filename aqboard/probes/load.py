"""Load the checkpoint into the module that the training builds, the way the training does, and see what arrived."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aqboard.domain.checkpoint import TensorSpec
from aqboard.domain.evidence.checkpoint import LoadEvidence
from aqboard.domain.job.manifest import launch_facts
from aqboard.domain.plan import CheckpointPlan
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Loaded, Loads
from aqboard.readers.align.match import align_keys
from aqboard.readers.checkpoints.checkpoint import CheckpointFile
from aqboard.readers.checkpoints.integrity import differing_tensors


def measure(context: Context) -> LoadEvidence:
    """Build, load, and compare every loaded tensor with the file, bit by bit."""
    target, state = context.target, context.state
    module = target.build(context.scan)
    receiver = receiver_of(target, module)
    context.say(f"loading {len(state)} tensors into {type(receiver).__name__}")
    before = specs(receiver)
    report = load_checkpoint(target, context.plan.checkpoint, module, state)
    after = receiver.state_dict()
    # A loader that raised may have filled some tensors before: only bits count.
    equal = equal_to_file(context.checkpoint, after, report.mapping)
    loaded = tuple(key for key in report.mapping if key in equal or not report.error)
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
        bit_equal=tuple(key for key in loaded if key in equal),
        bit_different=tuple(key for key in loaded if key not in equal),
        alignment=align_keys(context.checkpoint.tensors, before),
        facts=launch_facts(module),
    )


def receiver_of(target: object, module: nn.Module) -> nn.Module:
    """The part of `module` that the training hands the checkpoint to; all of it unless the target says otherwise."""
    return target.receiver(module) if isinstance(target, Loads) else module


def load_checkpoint(target: object, plan: CheckpointPlan, module: nn.Module, state: Mapping[str, Tensor]) -> Loaded:
    """Load as the target's training does, or with `load_state_dict` where the target has no loader of its own."""
    if isinstance(target, Loads):
        return target.load(module, state)
    return load_state_dict(module, state, plan)


def load_state_dict(module: nn.Module, state: Mapping[str, Tensor], plan: CheckpointPlan) -> Loaded:
    """`module.load_state_dict` with the plan's prefix and strictness."""
    renamed = {key.removeprefix(plan.strip_prefix): key for key in state}
    own = module.state_dict().keys()
    mapping = {key: source for key, source in renamed.items() if key in own}
    missing = [key for key in own if key not in renamed]
    unexpected = [source for key, source in renamed.items() if key not in own]
    try:
        module.load_state_dict({key: state[source] for key, source in renamed.items()}, strict=plan.strict)
    except RuntimeError as error:
        return Loaded(missing, unexpected, str(error), mapping)
    return Loaded(missing, unexpected, "", mapping)


def specs(module: nn.Module) -> dict[str, TensorSpec]:
    """Shape and dtype of every tensor in a module's state dict."""
    return {
        key: TensorSpec(shape=tuple(tensor.shape), dtype=_dtype(tensor)) for key, tensor in module.state_dict().items()
    }


def equal_to_file(file: CheckpointFile, tensors: Mapping[str, Tensor], mapping: Mapping[str, str]) -> set[str]:
    """Keys of `mapping` (model key to file key) whose tensors hold the bytes that are in the file.

    The file's bytes are read again, not taken from what the loader got. A bfloat16 tensor that was loaded
    as float32, which holds it exactly, is compared with its exact value; any other change of dtype is a difference.
    """
    same = {key: source for key, source in mapping.items() if _dtype(tensors[key]) == file.tensors[source].dtype}
    differing = set(differing_tensors(file, {source: _bits(tensors[key]) for key, source in same.items()}))
    widened = {
        key
        for key, source in mapping.items()
        if (file.tensors[source].dtype, _dtype(tensors[key])) == ("bfloat16", "float32")
        and same_bits(tensors[key].cpu(), torch.from_numpy(np.array(file.tensor(source))))
    }
    return {key for key, source in same.items() if source not in differing} | widened


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _bits(tensor: Tensor) -> NDArray[np.generic]:
    """The tensor's values as numpy sees them; dtypes that numpy lacks as integers of the same width."""
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.view(torch.int16)
    elif tensor.dtype.itemsize == 1 and tensor.dtype != torch.bool:
        tensor = tensor.view(torch.uint8)
    array: NDArray[np.generic] = tensor.numpy()
    return array


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
