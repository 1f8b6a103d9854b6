"""What the forecast depends on, and what it must not: change one thing at a time, or nothing at all."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from aqboard.domain.evidence.forward import CounterfactualEvidence, ForwardChange, RepeatEvidence
from aqboard.probes.bench import Bench
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Forwards, Neutral, Target, Unavailable, Varies
from aqboard.probes.team_code import able, observe

NOT_VARIABLES = ("wind", "lead_time", "scan_order", "new_parameters")
"""Names of changes that are not single input variables of the model."""

Inputs = Mapping[str, Tensor]


def measure_counterfactuals(context: Context) -> CounterfactualEvidence:
    """One real sample, weights as the training loads them; each pass differs from the first in one thing."""
    target = able(context.target, Varies)
    module = Bench(context).loaded(context.scan)
    batch = target.inputs(target.validation_batches()[0])
    sample = {name: tensor[:1] for name, tensor in batch.items()}

    def forecast(model: nn.Module, inputs: Inputs) -> Tensor:
        with torch.no_grad():
            return target.forward(model, inputs)

    plain = forecast(module, sample)
    passes = dict(_passes(context, target, module, sample, forecast))
    changes = []
    for name, make in passes.items():
        context.say(f"changing {name}")
        changes.append(_change(name, plain, make))
    variables = tuple(change.name for change in changes if change.name not in NOT_VARIABLES)
    return CounterfactualEvidence(variables=variables, changes=tuple(changes))


def _passes(
    context: Context,
    target: Varies,
    module: nn.Module,
    sample: Inputs,
    forecast: Callable[[nn.Module, Inputs], Tensor],
) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """Name, and how to make the forecast with that one thing changed."""
    for name, inputs in target.variations(sample):
        yield name, lambda inputs=inputs: forecast(module, inputs)  # type: ignore[misc]
    scan, bench = context.scan, Bench(context)
    if scan is not None and scan.rule != "none":
        row_major = replace(scan, rule="none")
        yield "scan_order", lambda: forecast(bench.loaded(row_major), sample)
    if isinstance(target, Neutral):
        neutral = bench.loaded(scan)
        target.neutralise(neutral)
        yield "new_parameters", lambda: forecast(neutral, sample)


def _change(name: str, plain: Tensor, make: Callable[[], Tensor]) -> ForwardChange:
    changed, error = observe(make)
    if changed is None:
        return ForwardChange(name=name, error=error)
    return ForwardChange(name=name, effect=difference(plain, changed).square().mean().sqrt().item())


def difference(plain: Tensor, other: Tensor) -> Tensor:
    """Other minus plain in float64, as a share of the plain forecast's standard deviation (or as it is, if that is 0).

    Where both have the same bits, NaN included, the difference is 0.
    """
    scale = plain.double().std(correction=0).item()
    share = (other.double() - plain.double()) / (scale if scale > 0 else 1.0)
    return share.masked_fill((other == plain) | (other.isnan() & plain.isnan()), 0.0)


def measure_repeat(context: Context) -> RepeatEvidence:
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
    """How to make the whole batch's output, the first sample's alone (None when that is impossible), and the size."""
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


COUNTERFACTUALS = Probe(CounterfactualEvidence, "What the forecast depends on", measure_counterfactuals)
REPEAT = Probe(RepeatEvidence, "Same forecast again", measure_repeat)
