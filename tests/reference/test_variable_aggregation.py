"""The collapsed aggregation against `nn.MultiheadAttention` over tokens that are really formed."""

import pytest
import torch
from aqboard_reference.topoflow import embed
from aqboard_reference.topoflow.embed import TokenEmbedding, VariableAggregation, patch_means, patchify, unpatchify
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.reference.plain_model import plain_aggregation, plain_tokens


def parts(variables: int, patch: int, dim: int, heads: int, seed: int = 0) -> nn.ModuleDict:
    torch.manual_seed(seed)
    made = nn.ModuleDict(
        {"token_embeds": TokenEmbedding(variables, patch, dim), "var_agg": VariableAggregation(dim, heads)}
    )
    nn.init.normal_(made["var_agg"].in_proj_bias, std=0.5)
    nn.init.normal_(made["var_agg"].out_proj.bias, std=0.5)
    return made.double()


def both_ways(made, var_embed, var_query, x, patch, heads):
    state = {f"climax.{key}": value for key, value in made.named_parameters()} | {"climax.var_query": var_query}
    tokens = plain_tokens(state, x, patch) + var_embed.unsqueeze(2)
    plain = plain_aggregation(state, tokens, heads)
    fast = made["var_agg"](patchify(x, patch), made["token_embeds"](var_embed), var_query)
    return fast, plain


@settings(max_examples=25, deadline=None)
@given(
    batch=st.integers(1, 3),
    variables=st.integers(1, 15),
    patch=st.sampled_from([1, 2, 3]),
    rows=st.integers(1, 3),
    cols=st.integers(1, 5),
    heads=st.sampled_from([1, 2, 8]),
    seed=st.integers(0, 1000),
)
def test_collapsed_equals_the_oracle_in_float64_with_gradients(batch, variables, patch, rows, cols, heads, seed):
    dim = 8 * heads
    made = parts(variables, patch, dim, heads, seed)
    var_embed = torch.randn(1, variables, dim, dtype=torch.float64, requires_grad=True)
    var_query = torch.randn(1, 1, dim, dtype=torch.float64, requires_grad=True)
    x = torch.randn(batch, variables, rows * patch, cols * patch, dtype=torch.float64)

    fast, plain = both_ways(made, var_embed, var_query, x, patch, heads)
    torch.testing.assert_close(fast, plain, rtol=1e-10, atol=1e-11)

    weights = [*made.parameters(), var_embed, var_query]
    direction = torch.randn_like(fast)
    for mine, oracle in zip(
        torch.autograd.grad(fast, weights, direction), torch.autograd.grad(plain, weights, direction), strict=True
    ):
        torch.testing.assert_close(mine, oracle, rtol=1e-8, atol=1e-9)


def test_float32_stays_within_rounding_of_float64():
    made = parts(15, 2, 64, 8)
    var_embed, var_query = torch.randn(1, 15, 64).double(), torch.randn(1, 1, 64).double()
    x = torch.randn(2, 15, 8, 8).double()
    with torch.no_grad():
        _, exact = both_ways(made, var_embed, var_query, x, 2, 8)
        made.float()
        fast, _ = both_ways(made, var_embed.float(), var_query.float(), x.float(), 2, 8)
    torch.testing.assert_close(fast.double(), exact, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("chunk", [1, 5, 1000])
def test_pieces_without_gradients_give_what_gradients_give_at_once(chunk, monkeypatch):
    monkeypatch.setattr(embed, "PLACES_CHUNK", chunk)
    made = parts(15, 2, 16, 2)
    patches = patchify(torch.randn(3, 15, 4, 6, dtype=torch.float64), 2)
    maps, query = torch.randn(15, 5, 16, dtype=torch.float64), torch.ones(1, 1, 16, dtype=torch.float64)
    whole = made["var_agg"](patches, maps, query)
    with torch.no_grad():
        pieces = made["var_agg"](patches, maps, query)
    torch.testing.assert_close(pieces, whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("batch", "dim", "heads"), [(1, 16, 2), (1, 1, 1), (3, 1, 1)])
def test_one_patch_or_one_number_keeps_every_dimension(batch, dim, heads):
    """A bare squeeze would drop the batch when B * L = 1 and the width when D = 1."""
    aggregation = VariableAggregation(dim, heads)
    out = aggregation(torch.randn(batch, 1, 15, 4), torch.randn(15, 5, dim), torch.randn(1, 1, dim))
    assert out.shape == (batch, 1, dim)


def test_parameters_have_the_names_and_shapes_of_multihead_attention():
    own = {k: v.shape for k, v in VariableAggregation(16, 2).state_dict().items()}
    assert own == {k: v.shape for k, v in nn.MultiheadAttention(16, 2).state_dict().items()}


@given(patch=st.integers(1, 3), rows=st.integers(1, 4), cols=st.integers(1, 5), channels=st.integers(1, 3))
@settings(deadline=None, max_examples=30)
def test_unpatchify_undoes_patchify(patch, rows, cols, channels):
    x = torch.randn(2, channels, rows * patch, cols * patch)
    patches = patchify(x, patch)  # [B, L, V, P]
    head_like = patches.transpose(2, 3).flatten(2)  # the head orders (row, column, variable)
    assert torch.equal(unpatchify(head_like, patch, rows), x)


def test_patch_means_are_row_major_means():
    field = torch.arange(16.0).reshape(1, 4, 4)
    assert patch_means(field, 2).tolist() == [[2.5, 4.5, 10.5, 12.5]]
