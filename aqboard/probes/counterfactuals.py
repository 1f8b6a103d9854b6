"""What the forecast depends on: change one thing at a time and see whether the forecast follows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from aqboard.domain.evidence.forward import Change, CounterfactualEvidence
from aqboard.probes.bench import Bench
from aqboard.probes.context import Context, Probe
from aqboard.probes.observe import observe
from aqboard.probes.target import Neutral, Varies, able

NOT_VARIABLES = ("wind", "lead_time", "scan_order", "new_parameters")

Inputs = Mapping[str, Tensor]


def measure(context: Context) -> CounterfactualEvidence:
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


def _change(name: str, plain: Tensor, make: Callable[[], Tensor]) -> Change:
    changed, error = observe(make)
    if changed is None:
        return Change(name=name, error=error)
    return Change(name=name, effect=difference(plain, changed).square().mean().sqrt().item())


def difference(plain: Tensor, other: Tensor) -> Tensor:
    """Other minus plain in float64, as a share of the plain forecast's standard deviation (or as it is, if that is 0).

    Where both have the same bits, NaN included, the difference is 0.
    """
    scale = plain.double().std(correction=0).item()
    share = (other.double() - plain.double()) / (scale if scale > 0 else 1.0)
    return share.masked_fill((other == plain) | (other.isnan() & plain.isnan()), 0.0)


PROBE = Probe(CounterfactualEvidence, "What the forecast depends on", measure)
