"""The order that the model really applies to its tokens, for every direction and under real wind."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from aqboard.domain.evidence import DirectionResult, ScanEvidence
from aqboard.domain.plan import SCAN_RULES, ScanRule
from aqboard.probes.context import Context, Probe
from aqboard.probes.observe import observe
from aqboard.probes.scan_rules import Floats, explains, is_permutation
from aqboard.probes.target import Scan, ScansWind, Unavailable, able
from aqboard.readers.caches.scan_cache import ScanCache

COMPASS = ("E", "ENE", "NE", "NNE", "N", "NNW", "NW", "WNW", "W", "WSW", "SW", "SSW", "S", "SSE", "SE", "ESE")
"""Where the wind blows to, counter-clockwise from east."""

SPEED_M_S = 5.0
OFF_CENTRE_RAD = 0.05
"""Directions tried lie a little off the compass points, so that exact angles and sectors can be told apart."""

Inputs = dict[str, Tensor]


def measure(context: Context) -> ScanEvidence:
    """Follow marked patches through real forward passes; weights do not matter for that."""
    target = able(context.target, ScansWind)
    scan = context.scan
    if scan is None:
        raise Unavailable("the plan has no scan section")
    module = target.build(scan)
    sample = _one(target.inputs(target.validation_batches()[0]))
    still = torch.zeros_like(target.wind(sample)[0])
    broken = still.clone()
    broken[0, 0, 0] = math.nan
    context.say(f"{len(COMPASS)} directions")
    directions = tuple(_direction(target, module, scan, sample, i) for i in range(len(COMPASS)))
    context.say("real wind")
    rules, samples = _rules_in_force(target, module, scan.cache)
    return ScanEvidence(
        tokens=target.grid[0] * target.grid[1],
        directions=directions,
        rules_in_force=rules,
        samples=samples,
        cache_is_used=_cache_is_used(target, module, scan, sample),
        calm=_response(target, module, sample, still, still) or "order",
        not_finite=_response(target, module, sample, broken, still) or "accepted",
    )


def _one(inputs: Inputs) -> Inputs:
    """The first sample of a batch."""
    return {name: tensor[:1] for name, tensor in inputs.items()}


def _direction(target: ScansWind, module: nn.Module, scan: Scan, sample: Inputs, index: int) -> DirectionResult:
    angle = 2 * math.pi * index / len(COMPASS) + OFF_CENTRE_RAD
    u, _ = target.wind(sample)
    east, north = torch.full_like(u, SPEED_M_S * math.cos(angle)), torch.full_like(u, SPEED_M_S * math.sin(angle))
    blown = target.with_wind(sample, east, north)
    order = target.observed_order(module, blown)[0].numpy()
    return DirectionResult(
        label=COMPASS[index],
        angle_deg=round(math.degrees(angle), 2),
        permutation=is_permutation(order),
        as_asked=explains(scan.rule, scan.cache, *_physical(target, blown, 0), order),
        moved=float((order != np.arange(order.size)).mean()),
    )


def _rules_in_force(target: ScansWind, module: nn.Module, cache: ScanCache) -> tuple[tuple[ScanRule, ...], int]:
    """The rules that explain every order seen under the real winds of the validation batches."""
    rules, samples = SCAN_RULES, 0
    for batch in target.validation_batches():
        inputs = target.inputs(batch)
        orders = target.observed_order(module, inputs).numpy()
        for i, order in enumerate(orders):
            wind = _physical(target, inputs, i)
            rules = tuple(rule for rule in rules if explains(rule, cache, *wind, order))
            samples += 1
    return rules, samples


def _physical(target: ScansWind, inputs: Inputs, sample: int) -> tuple[Floats, Floats]:
    u, v = target.wind(inputs)
    return u[sample].double().numpy(), v[sample].double().numpy()


def _cache_is_used(target: ScansWind, module: nn.Module, scan: Scan, sample: Inputs) -> bool:
    """Whether a model with every order turned round applies other orders to the same wind."""
    turned = ScanCache(
        **{
            **vars(scan.cache),
            "global_orders": scan.cache.global_orders[:, ::-1].copy(),
            "regional_orders": scan.cache.regional_orders[:, :, ::-1].copy(),
        }
    )
    other = target.build(Scan(scan.rule, scan.layout, turned))
    return not torch.equal(target.observed_order(module, sample), target.observed_order(other, sample))


def _response(target: ScansWind, module: nn.Module, sample: Inputs, u: Tensor, v: Tensor) -> str:
    """What the model does with this wind: empty when it takes it, else the error it raises."""
    return observe(lambda: target.observed_order(module, target.with_wind(sample, u, v)))[1]


PROBE = Probe(ScanEvidence, "Wind scan", measure)
