"""Tokens worked on piece by piece: the same forecast, only on a CPU, only without gradients."""

import pytest
import torch
from aqboard_reference.topoflow import pieces
from aqboard_reference.topoflow.embed import patchify
from aqboard_reference.topoflow.scan import take_in_order

from tests.reference.test_topoflow_model import random_model, sample


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("tokens", [1, 48, 128])
def test_pieces_give_the_forecast_of_the_whole(small, normalisation, monkeypatch, batch, tokens):
    config = small.model_copy(update={"elevation_bias": True, "elevation_alpha": 0.5})
    model = random_model(config, normalisation)
    x, lead = sample(config, batch)
    whole = model(x, lead).detach()  # with gradients: at once
    before = x.clone()
    monkeypatch.setattr(pieces, "TOKENS", tokens)
    with torch.no_grad():
        torch.testing.assert_close(model(x, lead), whole, rtol=1e-11, atol=1e-12)
    assert torch.equal(x, before)


def test_a_block_leaves_its_input_alone(small, normalisation):
    block = random_model(small, normalisation).climax.blocks[0]
    x = torch.randn(2, 128, 16, dtype=torch.float64)
    before = x.clone()
    with torch.no_grad():
        block(x)
    assert torch.equal(x, before)


def test_in_training_mode_a_seed_draws_the_same_masks_with_and_without_gradients(small, normalisation, monkeypatch):
    monkeypatch.setattr(pieces, "TOKENS", 48)
    block = random_model(small, normalisation).climax.blocks[1].train()
    x = torch.randn(2, 128, 16, dtype=torch.float64)
    torch.manual_seed(0)
    with_gradients = block(x).detach()
    torch.manual_seed(0)
    with torch.no_grad():
        torch.testing.assert_close(block(x), with_gradients, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("patch", [1, 2])
def test_patches_taken_in_order_are_those_reordered_afterwards(patch):
    x = torch.randn(3, 4, 6 * patch, 5 * patch, dtype=torch.float64, requires_grad=True)
    order = torch.stack([torch.randperm(30) for _ in range(3)])
    plain = patchify(x, patch)
    afterwards = take_in_order(plain.flatten(2), order).view(plain.shape)
    assert torch.equal(patchify(x, patch, order), afterwards)
    weight = torch.randn_like(afterwards)
    mine, theirs = (torch.autograd.grad((p * weight).sum(), x)[0] for p in (patchify(x, patch, order), afterwards))
    assert torch.equal(mine, theirs)
