"""The elevation bias and the attention that carries it, against the formula with every score formed."""

import pytest
import torch
from aqboard_reference.topoflow import attention as module_under_test
from aqboard_reference.topoflow.attention import Attention, TopoFlowAttention, elevation_bias
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.plain_model import plain_attention, plain_bias


def made(dim: int, heads: int, alpha: float, seed: int = 0) -> TopoFlowAttention:
    torch.manual_seed(seed)
    return TopoFlowAttention(dim, heads, alpha=alpha).double().eval()


def plain(attention: TopoFlowAttention, x, elevation):
    state = {**dict(attention.named_parameters()), **dict(attention.named_buffers())}
    return plain_attention(state, "", x, attention.heads, elevation)


def test_bias_by_hand():
    """1 km up at alpha 2 costs 2; downhill is free; 8 km would cost 16 and is held at 10."""
    elevation = torch.tensor([[0.0, 1000.0, 8000.0]])
    bias = elevation_bias(elevation, elevation, torch.tensor(2.0), torch.tensor(1000.0))[0, 0]
    assert bias.tolist() == [[0.0, -2.0, -10.0], [0.0, 0.0, -10.0], [0.0, 0.0, 0.0]]


def test_a_negative_alpha_cannot_reward_climbing():
    elevation = torch.tensor([[0.0, 1000.0]])
    assert (elevation_bias(elevation, elevation, torch.tensor(-2.0), torch.tensor(1000.0)) == 0).all()


@pytest.mark.parametrize("grad", [False, True])
@settings(max_examples=20, deadline=None)
@given(
    batch=st.integers(1, 3),
    length=st.integers(1, 23),
    heads=st.sampled_from([1, 2, 4]),
    alpha=st.sampled_from([0.0, 0.01, 1.0, 7.0, -1.0]),
    chunk=st.sampled_from([1, 4, 1024]),
    seed=st.integers(0, 1000),
)
def test_chunked_equals_plain_in_float64(grad, batch, length, heads, alpha, chunk, seed):
    attention = made(8 * heads, heads, alpha, seed)
    x = torch.randn(batch, length, 8 * heads, dtype=torch.float64)
    elevation = 3000 * torch.rand(batch, length, dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch, torch.set_grad_enabled(grad):
        patch.setattr(module_under_test, "QUERY_CHUNK", chunk)
        torch.testing.assert_close(attention(x, elevation), plain(attention, x, elevation), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 4.0])
@pytest.mark.parametrize("chunk", [5, 1024])
def test_gradients_equal_plain_alpha_included(alpha, chunk, monkeypatch):
    monkeypatch.setattr(module_under_test, "QUERY_CHUNK", chunk)
    attention = made(16, 2, alpha)
    x = torch.randn(2, 12, 16, dtype=torch.float64, requires_grad=True)
    elevation = 3000 * torch.rand(2, 12, dtype=torch.float64)
    weights = [x, *attention.parameters()]
    direction = torch.randn(2, 12, 16, dtype=torch.float64)
    mine = torch.autograd.grad(attention(x, elevation), weights, direction)
    oracle = torch.autograd.grad(plain(attention, x, elevation), weights, direction)
    for one, other in zip(mine, oracle, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-10)
    alpha_gradient = mine[1 + [name for name, _ in attention.named_parameters()].index("elevation_alpha")]
    assert alpha_gradient.abs() > 1e-6, "alpha must be able to leave 0"


def test_bias_has_the_sign_of_the_formula():
    elevation = 3000 * torch.rand(2, 9)
    alpha, h_scale = torch.tensor(0.7), torch.tensor(1000.0)
    assert torch.equal(
        elevation_bias(elevation, elevation, alpha, h_scale)[:, 0], plain_bias(elevation, alpha, h_scale)
    )


@pytest.mark.parametrize("frozen", [False, True])
def test_alpha_zero_is_plain_attention(frozen):
    attention = made(16, 2, 0.0).float()
    attention.elevation_alpha.requires_grad_(not frozen)
    without = Attention(16, 2).eval()
    without.load_state_dict(attention.state_dict(), strict=False)
    x, elevation = torch.randn(2, 12, 16), 3000 * torch.rand(2, 12)
    with torch.no_grad():
        torch.testing.assert_close(attention(x, elevation), without(x), rtol=1e-6, atol=1e-6)
        if frozen:
            assert torch.equal(attention(x, elevation), without(x)), "frozen at 0: the very same computation"


def test_a_frozen_alpha_that_is_set_later_is_seen():
    attention = made(16, 2, 0.0)
    attention.elevation_alpha.requires_grad_(False)
    x, elevation = torch.randn(1, 6, 16).double(), 3000 * torch.rand(1, 6).double()
    neutral = attention(x, elevation)
    attention.elevation_alpha.data.fill_(1.0)
    assert not torch.allclose(attention(x, elevation), neutral)
