"""The same forecast made twice, and made alone instead of in its batch."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from aqboard.domain.evidence.forward import RepeatEvidence
from aqboard.probes.bench import Bench
from aqboard.probes.context import Context, Probe
from aqboard.probes.counterfactuals import difference
from aqboard.probes.target import Forwards, Target, Unavailable

Inputs = Mapping[str, Tensor]


def measure(context: Context) -> RepeatEvidence:
    """Weights as the training loads them, in evaluation mode; a target without named inputs only repeats its loss."""
    target = context.target
    module = Bench(context).loaded(context.scan)
    training = tuple(name or type(module).__name__ for name, part in module.named_modules() if part.training)
    module.eval()
    whole, alone, size = _ways(target, module)
    with torch.no_grad():
        first, again = whole(), whole()
        apart = difference(first, again)
        single = difference(first[:1], alone()).abs().max().item() if alone else None
    return RepeatEvidence(
        values=first.numel(),
        not_finite=int((~first.isfinite()).sum()),
        repeat_differs=int((apart != 0).sum()),
        repeat_largest=apart.abs().max().item(),
        batch_size=size,
        alone_largest=single,
        training_mode=training,
    )


def _ways(target: Target, module: nn.Module) -> tuple[Callable[[], Tensor], Callable[[], Tensor] | None, int]:
    """How to make the whole batch's output, the first sample's alone (None when it cannot be had), and the size."""
    batches = target.validation_batches()
    size = target.size(batches[0])
    if isinstance(target, Forwards):
        try:
            inputs = target.inputs(batches[0])
        except Unavailable:
            pass  # a target that cannot name its inputs still has a loss
        else:
            if size == 1 and len(batches) > 1:
                inputs, size = _joined(inputs, target.inputs(batches[1])), 2
            sample = {name: tensor[:1] for name, tensor in inputs.items()}
            alone = (lambda: target.forward(module, sample)) if size > 1 else None
            return (lambda: target.forward(module, inputs)), alone, size
    return (lambda: target.loss(module, batches[0]).reshape(1)), None, size


def _joined(first: Inputs, second: Inputs) -> dict[str, Tensor]:
    return {name: torch.cat([tensor, second[name][:1]]) for name, tensor in first.items()}


PROBE = Probe(RepeatEvidence, "Same forecast again", measure)
