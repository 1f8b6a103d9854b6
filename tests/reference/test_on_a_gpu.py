"""The model on a GPU: the same orders to the bit, the same numbers to rounding. Skipped visibly without one."""

import pytest
import torch
from aqboard_reference.topoflow.flex import use_flex_attention
from aqboard_reference.topoflow.scan import WindScanner

from aqboard.domain.plan import SCAN_RULES
from tests.reference.test_topoflow_model import random_model, sample
from tests.reference.test_wind_scanner import config_for, wind

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine"),
]


@pytest.mark.parametrize("rule", SCAN_RULES)
def test_orders_are_those_of_the_cpu(rule):
    scanner = WindScanner(config_for(rule, (8, 16, 4, 4)))
    u, v = wind(scanner.config, 3, 7)
    expected = scanner.order(u, v)
    assert torch.equal(scanner.cuda().order(u.cuda(), v.cuda()).cpu(), expected)


@pytest.mark.parametrize("rule", SCAN_RULES)
def test_forecast_and_gradients_are_those_of_the_cpu_in_float64(small, normalisation, rule):
    config = small.model_copy(update={"scan_rule": rule, "elevation_bias": True, "elevation_alpha": 0.8})
    model = random_model(config, normalisation)
    x, lead = sample(config)
    expected = model(x, lead)
    gradients = torch.autograd.grad(expected.square().mean(), list(model.parameters()))
    model.cuda()
    forecast = model(x.cuda(), lead.cuda())
    torch.testing.assert_close(forecast.cpu(), expected, rtol=1e-9, atol=1e-9)
    there = torch.autograd.grad(forecast.square().mean(), list(model.parameters()))
    for one, other in zip(there, gradients, strict=True):
        torch.testing.assert_close(one.cpu(), other, rtol=1e-7, atol=1e-9)


def test_flex_attention_gives_the_forecast_of_the_chunks(small, normalisation):
    config = small.model_copy(update={"elevation_bias": True, "elevation_alpha": 0.8, "embed_dim": 64})
    model = random_model(config, normalisation).float().cuda()
    x, lead = (value.float().cuda() for value in sample(config))
    with torch.no_grad():
        expected = model(x, lead)
        assert use_flex_attention(model) == 1
        torch.testing.assert_close(model(x, lead), expected, rtol=1e-3, atol=1e-3)
